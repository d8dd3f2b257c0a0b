using Microsoft.Extensions.Options;
using Realign.Hosting;
using Realign.V1;
using Realign.Wire.Mesh;

namespace Realign.Gateway.Backends;

/// <summary>The services behind the Gateway, and a typed client for each. There may be several Generators.</summary>
internal sealed class BackendSet : IDisposable
{
    public BackendSet(IOptions<GatewayOptions> options, IOptions<HostingOptions> hosting)
    {
        var maxMessageBytes = hosting.Value.MaxMessageMegabytes << 20;
        var addresses = options.Value;
        Generators = [.. BackendAddressAttribute.Split(addresses.Generator).Select((address, index) => new GeneratorBackend(
            New(MeshService.Generator, address, index + 1)))];
        Captioner = New(MeshService.Captioner, addresses.Captioner);
        Tagger = New(MeshService.Tagger, addresses.Tagger);
        SceneScorer = New(MeshService.SceneScorer, addresses.SceneScorer);
        Segmenter = New(MeshService.Segmenter, addresses.Segmenter);
        All = [.. Generators.Select(generator => generator.Backend), Captioner, Tagger, SceneScorer, Segmenter];
        CaptionerClient = new CaptionerService.CaptionerServiceClient(Captioner.Channel);
        TaggerClient = new TaggerService.TaggerServiceClient(Tagger.Channel);
        SceneScorerClient = new SceneScorerService.SceneScorerServiceClient(SceneScorer.Channel);
        SegmenterClient = new SegmenterService.SegmenterServiceClient(Segmenter.Channel);

        Backend New(MeshService service, string address, int number = 1) => new(service, number, address, maxMessageBytes, addresses.UseProxy);
    }

    /// <summary>At least one.</summary>
    public IReadOnlyList<GeneratorBackend> Generators { get; }

    public Backend Captioner { get; }

    public Backend Tagger { get; }

    public Backend SceneScorer { get; }

    public Backend Segmenter { get; }

    public IReadOnlyList<Backend> All { get; }

    public CaptionerService.CaptionerServiceClient CaptionerClient { get; }

    public TaggerService.TaggerServiceClient TaggerClient { get; }

    public SceneScorerService.SceneScorerServiceClient SceneScorerClient { get; }

    public SegmenterService.SegmenterServiceClient SegmenterClient { get; }

    /// <summary>The backends of a service, by its name.</summary>
    public IReadOnlyList<Backend> Of(string service) => service == MeshService.Generator.Name
        ? [.. Generators.Select(generator => generator.Backend)]
        : [.. All.Where(backend => backend.Name == service)];

    public void Dispose()
    {
        foreach (var backend in All)
            backend.Dispose();
    }
}
