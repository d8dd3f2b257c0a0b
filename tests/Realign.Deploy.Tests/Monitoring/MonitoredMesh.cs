using Google.Protobuf;
using Grpc.Core;
using Realign.Testing;
using Realign.V1;
using Realign.Wire.Mesh;
using Shouldly;
using Xunit;

namespace Realign.Deploy.Tests.Monitoring;

/// <summary>Six real services as processes of their own, a real Prometheus beside them, and calls of every kind that metrics tell of.</summary>
public sealed class MonitoredMesh : IAsyncLifetime
{
    // the picture that the miniature models know their way about in
    private const string Prompt = "a red car and a pink elephant";

    // a histogram of what may be negative has no count of its own in OpenMetrics
    private const string Scored = "realign_reward_score_bucket{le=\"+Inf\"}";

    private readonly Dictionary<MeshService, ChildService> _services = [];

    /// <summary>Null where its program is not installed.</summary>
    internal PrometheusServer? Prometheus { get; private set; }

    public async ValueTask InitializeAsync()
    {
        if (!Directory.Exists(PrometheusServer.Programs))
            return;
        var ports = MeshService.All.ToDictionary(service => service.Name, _ => FreePort.Next());
        var backends = MeshService.Backends.Select(service => StartAsync(service, ports[service.Name], "--Generator:QueueCapacity=1")).ToList();
        await Task.WhenAll(backends);
        await StartAsync(MeshService.Gateway, ports[MeshService.Gateway.Name],
            [.. MeshService.Backends.Select(service => $"--Gateway:{service.Section}={_services[service].Address}")]);
        Prometheus = await PrometheusServer.StartAsync(ports);

        // a series has a rate from its second value on: what happens for the first time is only there afterwards
        await CallAsync();
        await Prometheus.UntilAsync($"{Scored} > 0 and {Scored} offset 1s > 0");
        await CallAsync();
        await Prometheus.UntilAsync($"sum(increase({Scored}[1m])) > 0 and sum(increase(realign_model_cancel_to_idle_seconds_count[1m])) > 0");
    }

    public async ValueTask DisposeAsync()
    {
        if (Prometheus is not null)
            await Prometheus.DisposeAsync();
        foreach (var service in _services.Values)
            await service.DisposeAsync();
    }

    private async Task StartAsync(MeshService service, int metricsPort, params string[] settings)
    {
        var started = await ChildService.StartAsync(service.Assembly, [$"--Hosting:MetricsPort={metricsPort}", .. settings]);
        lock (_services)
            _services.Add(service, started);
    }

    private async Task CallAsync()
    {
        var gateway = _services[MeshService.Gateway].Channel;
        using var flow = new GatewayService.GatewayServiceClient(gateway).Realign(
            new RealignRequest { Generate = new GenerateRequest { Prompt = Prompt, Seed = 0 } });
        ByteString? picture = null;
        while (await flow.ResponseStream.MoveNext(CancellationToken.None).DefaultTimeout())
            picture = flow.ResponseStream.Current.Result?.Png ?? picture;

        var rewards = new RewardService.RewardServiceClient(gateway);
        var request = new ScoreRequest { Items = { new ScoreItem { Prompt = Prompt, Image = new Image { Encoded = picture } } } };
        request.Rewards.Add(new RewardSpec { Kind = RewardKind.Clip });
        request.Rewards.Add(new RewardSpec { Kind = RewardKind.Caption });
        (await rewards.ScoreAsync(request).ResponseAsync.DefaultTimeout()).Items.ShouldHaveSingleItem().Values.Count.ShouldBe(2);
        // the predictor is not loaded
        request.Rewards.Add(new RewardSpec { Kind = RewardKind.Aesthetic });
        _ = await TestService.FailsAsync(() => rewards.ScoreAsync(request).ResponseAsync);

        await OverloadAsync(new GeneratorService.GeneratorServiceClient(_services[MeshService.Generator].Channel));
    }

    // one is worked on, one waits, one is refused; both leave
    private static async Task OverloadAsync(GeneratorService.GeneratorServiceClient generator)
    {
        var request = new GenerateRequest { Prompt = Prompt, NumInferenceSteps = 900 };
        using var first = generator.Generate(request);
        _ = await first.ResponseStream.MoveNext(CancellationToken.None).DefaultTimeout();
        using var second = generator.Generate(request);
        using var third = generator.Generate(request);
        var refused = await Task.WhenAny(Read(second), Read(third)).DefaultTimeout();
        _ = await TestService.FailsAsync(() => refused);
    }

    private static Task Read(AsyncServerStreamingCall<GenerateResponse> call) => call.ResponseStream.MoveNext(CancellationToken.None);
}
