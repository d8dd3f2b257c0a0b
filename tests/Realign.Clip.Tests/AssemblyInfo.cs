using Xunit.Sdk;
using Xunit.v3;

// live tensors are counted for the whole process
[assembly: Parallelization(Mode = ParallelMode.None)]
