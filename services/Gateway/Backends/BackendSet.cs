using Microsoft.Extensions.Options;
using Realign.Hosting;
using Realign.V1;
using Realign.Wire.Mesh;

namespace Realign.Gateway.Backends;

/// <summary>The five services behind the Gateway, and a typed client for each.</summary>
internal sealed class BackendSet : IDisposable
{
    public BackendSet(IOptions<GatewayOptions> options, IOptions<HostingOptions> hosting)
    {
        var maxMessageBytes = hosting.Value.MaxMessageMegabytes << 20;
        var addresses = options.Value;
        Generator = new Backend(MeshService.Generator.Name, addresses.Generator, maxMessageBytes, addresses.UseProxy);
        Captioner = new Backend(MeshService.Captioner.Name, addresses.Captioner, maxMessageBytes, addresses.UseProxy);
        Tagger = new Backend(MeshService.Tagger.Name, addresses.Tagger, maxMessageBytes, addresses.UseProxy);
        SceneScorer = new Backend(MeshService.SceneScorer.Name, addresses.SceneScorer, maxMessageBytes, addresses.UseProxy);
        Segmenter = new Backend(MeshService.Segmenter.Name, addresses.Segmenter, maxMessageBytes, addresses.UseProxy);
        All = [Generator, Captioner, Tagger, SceneScorer, Segmenter];
        GeneratorClient = new GeneratorService.GeneratorServiceClient(Generator.Channel);
        CaptionerClient = new CaptionerService.CaptionerServiceClient(Captioner.Channel);
        TaggerClient = new TaggerService.TaggerServiceClient(Tagger.Channel);
        SceneScorerClient = new SceneScorerService.SceneScorerServiceClient(SceneScorer.Channel);
        SegmenterClient = new SegmenterService.SegmenterServiceClient(Segmenter.Channel);
    }

    public Backend Generator { get; }

    public Backend Captioner { get; }

    public Backend Tagger { get; }

    public Backend SceneScorer { get; }

    public Backend Segmenter { get; }

    public IReadOnlyList<Backend> All { get; }

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
