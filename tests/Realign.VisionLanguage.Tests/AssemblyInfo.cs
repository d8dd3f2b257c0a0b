using Xunit.Sdk;
using Xunit.v3;

// the number of live tensors belongs to the whole process
[assembly: Parallelization(Mode = ParallelMode.None)]
