using Realign.Deploy.Tests.Charts;
using Xunit;

[assembly: AssemblyFixture(typeof(Rendering))]
