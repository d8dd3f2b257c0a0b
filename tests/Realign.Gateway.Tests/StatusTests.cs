using Grpc.Health.V1;
using Microsoft.Extensions.Options;
using Realign.Gateway.Tests.Fakes;
using Realign.Testing;
using Realign.V1;
using Shouldly;
using Xunit;

namespace Realign.Gateway.Tests;

/// <summary>Health of the mesh, and settings.</summary>
public sealed class StatusTests
{
    [Fact]
    public async Task AllBackendsServe_TheGatewayServes()
    {
        await using var mesh = await FakeMesh.StartAsync();

        (await mesh.Gateway.HealthAsync()).ShouldBe(HealthCheckResponse.Types.ServingStatus.Serving);
        var status = await mesh.Client.GetMeshStatusAsync(new GetMeshStatusRequest()).ResponseAsync.DefaultTimeout();
        status.Services.Select(service => service.Name).ShouldBe(["generator", "captioner", "tagger", "scene-scorer", "segmenter"]);
        status.Services.ShouldAllBe(service => service.State == ServiceState.Serving && service.LatencyMilliseconds > 0);
    }

    [Fact]
    public async Task OneBackendIsAway_OnlyWhatNeedsItDoesNotServe()
    {
        await using var mesh = await FakeMesh.StartAsync(["Tagger"]);

        (await mesh.Gateway.HealthAsync()).ShouldBe(HealthCheckResponse.Types.ServingStatus.NotServing);
        (await mesh.Gateway.HealthAsync("realign.v1.GatewayService")).ShouldBe(HealthCheckResponse.Types.ServingStatus.NotServing);
        (await mesh.Gateway.HealthAsync("realign.v1.RewardService")).ShouldBe(HealthCheckResponse.Types.ServingStatus.Serving);
        (await mesh.Gateway.HealthAsync("tagger")).ShouldBe(HealthCheckResponse.Types.ServingStatus.NotServing);
        var status = await mesh.Client.GetMeshStatusAsync(new GetMeshStatusRequest()).ResponseAsync.DefaultTimeout();
        var tagger = status.Services.Single(service => service.Name == "tagger");
        tagger.State.ShouldBe(ServiceState.Unreachable);
        tagger.Detail.ShouldNotBeEmpty();
    }

    [Fact]
    public async Task CaptionerIsAway_TheFlowServesAndRewardsDoNot()
    {
        await using var mesh = await FakeMesh.StartAsync(["Captioner"]);

        (await mesh.Gateway.HealthAsync()).ShouldBe(HealthCheckResponse.Types.ServingStatus.Serving);
        (await mesh.Gateway.HealthAsync("realign.v1.GatewayService")).ShouldBe(HealthCheckResponse.Types.ServingStatus.Serving);
        (await mesh.Gateway.HealthAsync("realign.v1.RewardService")).ShouldBe(HealthCheckResponse.Types.ServingStatus.NotServing);
        (await mesh.Gateway.HealthAsync("captioner")).ShouldBe(HealthCheckResponse.Types.ServingStatus.NotServing);
    }

    [Fact]
    public async Task BackendsGoAway_TheNextCallSaysSo()
    {
        await using var mesh = await FakeMesh.StartAsync();
        await mesh.StopAllBackendsAsync();

        var failure = await TestService.FailsAsync(() => Calls.RealignAsync(mesh, "a car"));

        failure.StatusCode.ShouldBe(Grpc.Core.StatusCode.Unavailable);
        (await mesh.Gateway.HealthAsync()).ShouldBe(HealthCheckResponse.Types.ServingStatus.NotServing);
    }

    [Fact]
    public async Task UnusableSettings_AreAllReportedAtStart()
    {
        var failure = await Should.ThrowAsync<OptionsValidationException>(() => TestService.StartAsync(GatewayApp.Build,
            "--Gateway:Generator=localhost", "--Gateway:Tagger=ftp://x/", "--Gateway:Retries=99", "--Gateway:Shares:Coarse=0.9"));

        var problems = string.Join('\n', failure.Failures);
        problems.ShouldContain("Generator");
        problems.ShouldContain("Tagger");
        problems.ShouldContain("Retries");
        problems.ShouldContain("add up");
    }
}
