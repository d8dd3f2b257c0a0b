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

    public FakeBehavior Behavior { get; } = new();

    /// <summary>What the backends were called with.</summary>
    public CallRecorder Recorder { get; } = new();

    /// <summary>Where the backends listen.</summary>
    public IEnumerable<string> Addresses => _backends.Select(backend => backend.Address);

    public TestService Gateway { get; private set; } = null!;

    public GatewayService.GatewayServiceClient Client => new(Gateway.Channel);

    public RewardService.RewardServiceClient Rewards => new(Gateway.Channel);

    /// <summary>Starts the servers.</summary>
    /// <param name="absent">Names of backends that nothing listens for, as in the settings, e.g. <c>Tagger</c>.</param>
    /// <param name="settings">Further settings of the Gateway.</param>
    public static Task<FakeMesh> StartAsync(IReadOnlyList<string>? absent = null, params string[] settings) =>
        StartAsync(absent ?? [], [absent?.Contains("Generator") != true], settings);

    /// <summary>Starts the servers with several Generators.</summary>
    /// <param name="generators">For each Generator, whether something listens.</param>
    /// <param name="settings">Further settings of the Gateway.</param>
    public static Task<FakeMesh> StartWithAsync(bool[] generators, params string[] settings) => StartAsync([], generators, settings);

    private static async Task<FakeMesh> StartAsync(IReadOnlyList<string> absent, bool[] generators, string[] settings)
    {
        var mesh = new FakeMesh();
        var drawing = new List<string>();
        foreach (var listens in generators)
            drawing.Add(await mesh.AddBackendAsync(listens, drawing.Count));
        var addresses = new List<string> { $"--Gateway:Generator={string.Join(',', drawing)}" };
        foreach (var name in new[] { "Captioner", "Tagger", "SceneScorer", "Segmenter" })
            addresses.Add($"--Gateway:{name}={await mesh.AddBackendAsync(!absent.Contains(name))}");
        mesh.Gateway = await TestService.StartAsync(
            GatewayApp.Build, [.. addresses, "--Gateway:RetryDelayMilliseconds=1", "--Gateway:RestartSeconds=0", .. settings]);
        return mesh;
    }

    private async Task<string> AddBackendAsync(bool listens, int generator = 0)
    {
        var service = await TestService.StartAsync(args => BuildBackend(args, generator));
        if (listens)
            _backends.Add(service);
        else
            // its port was free a moment ago and nobody else takes it: nothing listens there
            await service.DisposeAsync();
        return service.Address;
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

    private WebApplication BuildBackend(string[] args, int generator)
    {
        // a bare server: what it throws leaves it as it is
        var builder = WebApplication.CreateSlimBuilder(args);
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.ConfigureEndpointDefaults(endpoint => endpoint.Protocols = HttpProtocols.Http2));
        builder.Logging.AddFilter("Grpc", LogLevel.None);
        builder.Services.AddGrpc(options =>
        {
            options.MaxReceiveMessageSize = null;
            options.Interceptors.Add<CallRecorder>();
        });
        builder.Services.AddSingleton(Recorder);
        builder.Services.AddGrpcHealthChecks().AddCheck("fake", () => HealthCheckResult.Healthy());
        builder.Services.AddSingleton(Behavior);
        builder.Services.AddSingleton(new GeneratorNumber(generator));
        var app = builder.Build();
        app.MapGrpcHealthChecksService();
        app.MapGrpcService<FakeGenerator>();
        app.MapGrpcService<FakeCaptioner>();
        app.MapGrpcService<FakeTagger>();
        app.MapGrpcService<FakeSceneScorer>();
        app.MapGrpcService<FakeSegmenter>();
        return app;
    }

    /// <summary>Which of several Generators a server is, from 0.</summary>
    private sealed record GeneratorNumber(int Value);

    private sealed class FakeGenerator(FakeBehavior behavior, GeneratorNumber number) : GeneratorService.GeneratorServiceBase
    {
        public override async Task Generate(GenerateRequest request, IServerStreamWriter<GenerateResponse> responseStream, ServerCallContext context)
        {
            behavior.Generated.Enqueue(request);
            behavior.Drawing(number.Value, request);
            var stage = request.Modulation is null ? Stage.Coarse : Stage.Refine;
            if (behavior.HangIf(request))
                await behavior.WaitAsync(stage, context.CancellationToken);
            foreach (var step in await behavior.RunAsync(stage, context, () => behavior.Generate(request)))
                await responseStream.WriteAsync(step, context.CancellationToken);
            await behavior.RunAsync(stage, context, () => true, behavior.AfterFirstMessage);
        }

        public override Task<ListAdaptersResponse> ListAdapters(ListAdaptersRequest request, ServerCallContext context) => Task.FromResult(behavior.Adapters());
    }

    private sealed class FakeTagger(FakeBehavior behavior) : TaggerService.TaggerServiceBase
    {
        public override Task<TagResponse> Tag(TagRequest request, ServerCallContext context) =>
            FakeBehavior.IsCoarse(request.Image)
                ? behavior.RunAsync(Stage.Tag, context, () => behavior.Tag(request))
                : behavior.ReadAsync(Reader.Tagger, context, () => behavior.Tag(request));
    }

    private sealed class FakeCaptioner(FakeBehavior behavior) : CaptionerService.CaptionerServiceBase
    {
        public override Task<CaptionResponse> Caption(CaptionRequest request, ServerCallContext context) =>
            FakeBehavior.IsCoarse(request.Image)
                ? behavior.RunAsync(Stage.Caption, context, () => behavior.Caption(request))
                : behavior.ReadAsync(Reader.Caption, context, () => behavior.Caption(request));

        public override Task<EmbedTextResponse> EmbedText(EmbedTextRequest request, ServerCallContext context) =>
            behavior.RunAsync(Stage.Unspecified, context, () => behavior.EmbedText(request));

        public override Task<ScorePromptResponse> ScorePrompt(ScorePromptRequest request, ServerCallContext context) =>
            behavior.RunAsync(
                Stage.Unspecified, context, () => behavior.ReadAsync(Reader.Likelihood, context, () => behavior.ScorePrompt(request))).Unwrap();
    }

    private sealed class FakeSceneScorer(FakeBehavior behavior) : SceneScorerService.SceneScorerServiceBase
    {
        public override Task<ScoreSceneResponse> ScoreScene(ScoreSceneRequest request, ServerCallContext context) =>
            behavior.RunAsync(Stage.Scene, context, () => behavior.ScoreScene(request));

        public override Task<ExtractEntitiesResponse> ExtractEntities(ExtractEntitiesRequest request, ServerCallContext context) =>
            behavior.ReadAsync(Reader.Demand, context, () => behavior.Entities(request));
    }

    private sealed class FakeSegmenter(FakeBehavior behavior) : SegmenterService.SegmenterServiceBase
    {
        public override Task<SegmentResponse> Segment(SegmentRequest request, ServerCallContext context) =>
            behavior.IsOfSegment(request)
                ? behavior.RunAsync(Stage.Segment, context, () => behavior.Segment(request))
                : behavior.ReadAsync(Reader.Segmenter, context, () => (behavior.Ground ?? behavior.Segment)(request));
    }
}
