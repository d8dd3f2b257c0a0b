using Realign.Captioner;
using Realign.Gateway;
using Realign.Generator;
using Realign.SceneScorer;
using Realign.Segmenter;
using Realign.Tagger;
using Realign.Testing;
using Realign.V1;
using Xunit;

namespace Realign.Mesh.Tests;

/// <summary>All six real services with the miniature models, each on a port of its own.</summary>
public sealed class RunningMesh : IAsyncLifetime
{
    /// <summary>Prompt and seed whose coarse image shows both objects, so that the flow goes through every stage.</summary>
    public static GenerateRequest Request => new() { Prompt = "a red car and a pink elephant", Seed = 0 };

    /// <summary>Further settings of all services.</summary>
    public IReadOnlyList<string> Settings { get; init; } = [];

    public TestService Generator { get; private set; } = null!;

    public TestService Captioner { get; private set; } = null!;

    public TestService Tagger { get; private set; } = null!;

    public TestService SceneScorer { get; private set; } = null!;

    public TestService Segmenter { get; private set; } = null!;

    public TestService Gateway { get; private set; } = null!;

    public GatewayService.GatewayServiceClient Client => new(Gateway.Channel);

    public async ValueTask InitializeAsync()
    {
        Generator = await TestService.StartAsync(GeneratorApp.Build, [.. Settings]);
        Captioner = await TestService.StartAsync(CaptionerApp.Build, [.. Settings]);
        Tagger = await TestService.StartAsync(TaggerApp.Build, [.. Settings]);
        SceneScorer = await TestService.StartAsync(SceneScorerApp.Build, [.. Settings]);
        Segmenter = await TestService.StartAsync(SegmenterApp.Build, [.. Settings]);
        Gateway = await StartGatewayAsync(Segmenter.Address);
    }

    /// <summary>A further Gateway that looks for the Segmenter elsewhere.</summary>
    public Task<TestService> StartGatewayAsync(string segmenter) => TestService.StartAsync(
        GatewayApp.Build,
        [
            $"--Gateway:Generator={Generator.Address}",
            $"--Gateway:Captioner={Captioner.Address}",
            $"--Gateway:Tagger={Tagger.Address}",
            $"--Gateway:SceneScorer={SceneScorer.Address}",
            $"--Gateway:Segmenter={segmenter}",
            "--Gateway:RetryDelayMilliseconds=1",
            .. Settings,
        ]);

    /// <summary>All events of one call; <paramref name="seen"/> looks at each while the flow goes on.</summary>
    public static async Task<List<RealignResponse>> EventsAsync(
        GatewayService.GatewayServiceClient client, RealignRequest request, Func<RealignResponse, Task>? seen = null, CancellationToken cancellationToken =
            default)
    {
        using var call = client.Realign(request, cancellationToken: cancellationToken);
        var events = new List<RealignResponse>();
        while (await call.ResponseStream.MoveNext(CancellationToken.None).DefaultTimeout())
        {
            events.Add(call.ResponseStream.Current);
            if (seen is not null)
                await seen(events[^1]);
        }

        return events;
    }

    public async ValueTask DisposeAsync()
    {
        // whoever calls goes before whom it calls
        foreach (var service in (TestService?[])[Gateway, Segmenter, SceneScorer, Tagger, Captioner, Generator])
        {
            if (service is not null)
                await service.DisposeAsync();
        }
    }
}
