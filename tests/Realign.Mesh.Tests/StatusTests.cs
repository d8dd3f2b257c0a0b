using Realign.Testing;
using Realign.V1;
using Realign.Wire.Mesh;
using Shouldly;
using Xunit;

namespace Realign.Mesh.Tests;

/// <summary>What the Gateway says of its replicas.</summary>
public sealed class StatusTests(RunningMesh mesh) : IClassFixture<RunningMesh>
{
    [Fact]
    public async Task MeshStatus_TellsCallsAndQueueOfEachReplica()
    {
        var before = await StatusAsync();
        _ = await RunningMesh.EventsAsync(mesh.Client, new RealignRequest { Generate = RunningMesh.Request });
        var after = await StatusAsync();

        foreach (var name in MeshService.Backends.Select(service => service.Name))
            after[name].Calls.ShouldBeGreaterThan(before[name].Calls, name);
        after.Values.ShouldAllBe(service => service.HasQueueDepth && service.QueueDepth == 0);
    }

    private async Task<Dictionary<string, ServiceStatus>> StatusAsync() =>
        (await mesh.Client.GetMeshStatusAsync(new GetMeshStatusRequest()).ResponseAsync.DefaultTimeout()).Services.ToDictionary(service => service.Name);
}
