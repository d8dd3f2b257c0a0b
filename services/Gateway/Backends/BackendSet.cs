using Microsoft.Extensions.Options;
using Realign.Balancing;
using Realign.Balancing.Addresses;
using Realign.Hosting;
using Realign.V1;
using Realign.Wire.Mesh;

namespace Realign.Gateway.Backends;

/// <summary>The services behind the Gateway, and a typed client for each.</summary>
internal sealed class BackendSet : IDisposable
{
    public BackendSet(IOptions<GatewayOptions> options, IOptions<HostingOptions> hosting, BackendCertificates certificates, TimeProvider time)
    {
        var settings = options.Value;
        var balancing = new BalancingOptions
        {
            MaxMessageBytes = hosting.Value.MaxMessageMegabytes << 20,
            UseProxy = settings.UseProxy,
            Tls = certificates.Tls.Options(),
            Refresh = TimeSpan.FromSeconds(settings.RefreshSeconds),
            HealthTimeout = TimeSpan.FromSeconds(settings.HealthTimeoutSeconds),
            SilentAfter = TimeSpan.FromSeconds(settings.SilentSeconds),
            RestartLimit = TimeSpan.FromSeconds(settings.RestartSeconds),
            Retries = settings.Retries,
            HedgeBudgetPercent = settings.HedgeBudgetPercent,
            RetryDelay = TimeSpan.FromMilliseconds(settings.RetryDelayMilliseconds),
        };
        Generator = New(MeshService.Generator, settings.Generator);
        Captioner = New(MeshService.Captioner, settings.Captioner);
        Tagger = New(MeshService.Tagger, settings.Tagger);
        SceneScorer = New(MeshService.SceneScorer, settings.SceneScorer);
        Segmenter = New(MeshService.Segmenter, settings.Segmenter);
        All = [Generator, Captioner, Tagger, SceneScorer, Segmenter];
        GeneratorClient = new GeneratorService.GeneratorServiceClient(Generator.Replicas.Invoker);
        CaptionerClient = new CaptionerService.CaptionerServiceClient(Captioner.Replicas.Invoker);
        TaggerClient = new TaggerService.TaggerServiceClient(Tagger.Replicas.Invoker);
        SceneScorerClient = new SceneScorerService.SceneScorerServiceClient(SceneScorer.Replicas.Invoker);
        SegmenterClient = new SegmenterService.SegmenterServiceClient(Segmenter.Replicas.Invoker);

        Backend New(MeshService service, string text) => ServiceAddress.Read(text, out var address) is { } problem
            ? throw new InvalidOperationException($"Gateway:{service.Section}: {problem}")
            : new Backend(service, address!, balancing, time);
    }

    public Backend Generator { get; }

    public Backend Captioner { get; }

    public Backend Tagger { get; }

    public Backend SceneScorer { get; }

    public Backend Segmenter { get; }

    public IReadOnlyList<Backend> All { get; }

    /// <summary>For what any replica can answer; drawing goes to the one of a <see cref="GeneratorLease"/>.</summary>
    public GeneratorService.GeneratorServiceClient GeneratorClient { get; }

    public CaptionerService.CaptionerServiceClient CaptionerClient { get; }

    public TaggerService.TaggerServiceClient TaggerClient { get; }

    public SceneScorerService.SceneScorerServiceClient SceneScorerClient { get; }

    public SegmenterService.SegmenterServiceClient SegmenterClient { get; }

    public void Dispose()
    {
        foreach (var backend in All)
            backend.Dispose();
    }
}
