using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging;
using Realign.Testing;
using Realign.V1;

namespace Realign.Gateway.Tests.Fakes;

/// <summary>
/// A real Gateway in front of five servers that speak the real protocol over real sockets and do what the test says. Used for what
/// real models cannot be made to do: be slow, break in the middle, refuse, count calls.
/// </summary>
internal sealed class FakeMesh : IAsyncDisposable
{
    private readonly List<TestService> _backends = [];

    private FakeMesh()
    {
    }

    public FakeBehaviour Behaviour { get; } = new();

    /// <summary>Where the backends listen.</summary>
    public IEnumerable<string> Addresses => _backends.Select(backend => backend.Address);

    public TestService Gateway { get; private set; } = null!;

    public GatewayService.GatewayServiceClient Client => new(Gateway.Channel);

    public RewardService.RewardServiceClient Rewards => new(Gateway.Channel);

    /// <summary>Starts the servers.</summary>
    /// <param name="absent">Names of backends that nothing listens for, as in the settings, e.g. <c>Tagger</c>.</param>
    /// <param name="settings">Further settings of the Gateway.</param>
    public static async Task<FakeMesh> StartAsync(IReadOnlyList<string>? absent = null, params string[] settings)
    {
        var mesh = new FakeMesh();
        var addresses = new List<string>();
        foreach (var name in new[] { "Generator", "Captioner", "Tagger", "SceneScorer", "Segmenter" })
        {
            var service = await TestService.StartAsync(args => mesh.BuildBackend(args));
            mesh._backends.Add(service);
            addresses.Add($"--Gateway:{name}={service.Address}");
            if (absent?.Contains(name) == true)
            {
                // its port was free a moment ago and nobody else takes it: nothing listens there
                await service.DisposeAsync();
                _ = mesh._backends.Remove(service);
            }
        }

        mesh.Gateway = await TestService.StartAsync(GatewayApp.Build, [.. addresses, "--Gateway:RetryDelayMilliseconds=1", .. settings]);
        return mesh;
    }

    /// <summary>Stops one backend while a test runs.</summary>
    public async Task StopAllBackendsAsync()
    {
        foreach (var backend in _backends)
            await backend.DisposeAsync();
        _backends.Clear();
    }

    public async ValueTask DisposeAsync()
    {
        await Gateway.DisposeAsync();
        await StopAllBackendsAsync();
    }

    private WebApplication BuildBackend(string[] args)
    {
        // a bare server: what it throws leaves it as it is
        var builder = WebApplication.CreateSlimBuilder(args);
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.ConfigureEndpointDefaults(endpoint => endpoint.Protocols = HttpProtocols.Http2));
        builder.Logging.AddFilter("Grpc", LogLevel.None);
        builder.Services.AddGrpc(options => options.MaxReceiveMessageSize = null);
        builder.Services.AddGrpcHealthChecks().AddCheck("fake", () => HealthCheckResult.Healthy());
        builder.Services.AddSingleton(Behaviour);
        var app = builder.Build();
        app.MapGrpcHealthChecksService();
        app.MapGrpcService<FakeGenerator>();
        app.MapGrpcService<FakeCaptioner>();
        app.MapGrpcService<FakeTagger>();
        app.MapGrpcService<FakeSceneScorer>();
        app.MapGrpcService<FakeSegmenter>();
        return app;
    }

    private sealed class FakeGenerator(FakeBehaviour behaviour) : GeneratorService.GeneratorServiceBase
    {
        public override async Task Generate(GenerateRequest request, IServerStreamWriter<GenerateResponse> responseStream, ServerCallContext context)
        {
            behaviour.Generated.Enqueue(request);
            var stage = request.Modulation is null ? Stage.Coarse : Stage.Refine;
            foreach (var step in await behaviour.RunAsync(stage, context, () => behaviour.Generate(request)))
                await responseStream.WriteAsync(step, context.CancellationToken);
            await behaviour.RunAsync(stage, context, () => true, behaviour.AfterFirstMessage);
        }
    }

    private sealed class FakeTagger(FakeBehaviour behaviour) : TaggerService.TaggerServiceBase
    {
        public override Task<TagResponse> Tag(TagRequest request, ServerCallContext context) =>
            behaviour.RunAsync(Stage.Tag, context, () => behaviour.Tag(request));
    }

    private sealed class FakeCaptioner(FakeBehaviour behaviour) : CaptionerService.CaptionerServiceBase
    {
        public override Task<CaptionResponse> Caption(CaptionRequest request, ServerCallContext context) =>
            behaviour.RunAsync(Stage.Caption, context, () => behaviour.Caption(request));

        public override Task<EmbedTextResponse> EmbedText(EmbedTextRequest request, ServerCallContext context) =>
            behaviour.RunAsync(Stage.Unspecified, context, () => behaviour.EmbedText(request));

        public override Task<ScorePromptResponse> ScorePrompt(ScorePromptRequest request, ServerCallContext context) =>
            behaviour.RunAsync(Stage.Unspecified, context, () => behaviour.ScorePrompt(request));
    }

    private sealed class FakeSceneScorer(FakeBehaviour behaviour) : SceneScorerService.SceneScorerServiceBase
    {
        public override Task<ScoreSceneResponse> ScoreScene(ScoreSceneRequest request, ServerCallContext context) =>
            behaviour.RunAsync(Stage.Scene, context, () => behaviour.ScoreScene(request));
    }

    private sealed class FakeSegmenter(FakeBehaviour behaviour) : SegmenterService.SegmenterServiceBase
    {
        public override Task<SegmentResponse> Segment(SegmentRequest request, ServerCallContext context) =>
            behaviour.RunAsync(Stage.Segment, context, () => behaviour.Segment(request));
    }
}
