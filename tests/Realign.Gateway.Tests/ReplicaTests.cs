using System.Net;
using System.Net.Sockets;
using Grpc.Core;
using Realign.Gateway.Tests.Fakes;
using Realign.Testing;
using Realign.V1;
using Shouldly;
using Xunit;

namespace Realign.Gateway.Tests;

/// <summary>Backends of several processes, and processes that end or hang.</summary>
public sealed class ReplicaTests
{
    [Fact]
    public async Task CaptionerThatIsKilled_CostsNoCall_WhereThereIsAnother()
    {
        await using var first = await ChildService.StartAsync("Realign.Captioner");
        await using var second = await ChildService.StartAsync("Realign.Captioner");
        await using var mesh = await FakeMesh.StartAsync(null, $"--Gateway:Captioner={first.Address},{second.Address}", "--Gateway:Retries=0");
        var item = new ScoreItem { Image = Pictures.AsRequest(Pictures.Ball()), Prompt = "a car" };
        var request = new ScoreRequest { Items = { item }, Rewards = { new RewardSpec { Kind = RewardKind.Likelihood } } };
        var done = 0;

        await Task.WhenAll(Enumerable.Range(0, 4).Select(async _ =>
        {
            for (var i = 0; i < 15; i++)
            {
                var response = await mesh.Rewards.ScoreAsync(request).ResponseAsync.DefaultTimeout();
                response.Items.ShouldHaveSingleItem().Error.ShouldBeNull();
                if (Interlocked.Increment(ref done) == 20)
                    first.Kill();
            }
        })).DefaultTimeout();

        done.ShouldBe(60);
    }

    [Fact]
    public async Task SilentTagger_IsNamedSoon_AndThenBeforeAnythingIsDrawn()
    {
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        await using var mesh = await FakeMesh.StartAsync(
            null, $"--Gateway:Tagger=http://{silent.LocalEndpoint}", "--Gateway:SilentSeconds=3", "--Gateway:HealthTimeoutSeconds=1");

        var first = await TestService.FailsAsync(() => Calls.RealignAsync(mesh, "a car", deadline: TimeSpan.FromMinutes(10)));
        var drawn = mesh.Behavior.Generated.Count;
        var next = await TestService.FailsAsync(() => Calls.RealignAsync(mesh, "a car"));

        foreach (var failure in new[] { first, next })
        {
            failure.StatusCode.ShouldBe(StatusCode.Unavailable);
            failure.Status.Detail.ShouldContain("answers nothing. Restart the tagger");
            Calls.Info(failure).Reason.ShouldBe("BACKEND_SILENT");
            Calls.Info(failure).Metadata["stage"].ShouldBe("TAG");
        }

        mesh.Behavior.Generated.Count.ShouldBe(drawn);
        // whoever takes a coarse image gets one
        var events = await Calls.RealignAsync(mesh, "a car", request => request.OnStageFailure = OnStageFailure.SkipToCoarse);
        events[^1].Result.Png.ShouldBe(FakeBehavior.CoarsePng);
    }

    [Fact]
    public async Task NameOfABackend_IsLookedUp()
    {
        await using var mesh = await FakeMesh.StartAsync();
        var port = new Uri(mesh.Addresses.First()).Port;
        await using var gateway = await TestService.StartAsync(GatewayApp.Build, $"--Gateway:Generator=dns:///localhost:{port}");

        var status = await new GatewayService.GatewayServiceClient(gateway.Channel).GetMeshStatusAsync(new GetMeshStatusRequest())
            .ResponseAsync.DefaultTimeout();

        status.Services.ShouldContain(service =>
            service.Name.StartsWith("generator") && service.Address == $"http://127.0.0.1:{port}" && service.State == ServiceState.Serving);
    }
}
