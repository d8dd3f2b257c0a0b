// the number of live tensors belongs to the whole process
[assembly: Xunit.CollectionBehavior(DisableTestParallelization = true)]
