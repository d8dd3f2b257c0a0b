using Xunit;
using Xunit.Sdk;
using Xunit.v3;

// one mesh for all tests: six services in this process are a load of their own
[assembly: Parallelization(Mode = ParallelMode.None)]
[assembly: AssemblyFixture(typeof(Realign.Mesh.Tests.RunningMesh))]
