using Xunit.Sdk;
using Xunit.v3;

// tensors are counted per process: a test that checks for left-overs must run alone
[assembly: Parallelization(Mode = ParallelMode.None)]
