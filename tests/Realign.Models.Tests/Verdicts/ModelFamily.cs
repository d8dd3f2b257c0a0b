using Realign.Diffusion.Snapshots;
using Realign.Grounding.Segmentation;
using Realign.Grounding.Tagging;
using Realign.Onnx;
using Realign.SceneScoring;
using Realign.Testing;
using Realign.Torch;
using Realign.VisionLanguage.Captioning;
using Realign.VisionLanguage.Preference;

namespace Realign.Models.Tests.Verdicts;

/// <summary>A kind of model, a folder of it, and how the service that uses it loads it.</summary>
/// <param name="Name">For messages.</param>
/// <param name="Folder">In the miniature, or in the conformance pack.</param>
/// <param name="Load">What the service does with the path in its settings.</param>
/// <param name="File">The service is given this file of the folder, not the folder.</param>
internal sealed record ModelFamily(string Name, string Folder, Func<string, IDisposable> Load, string? File = null)
{
    private static readonly OnnxModelOptions Options = new() { Threads = 1 };

    public static IReadOnlyList<ModelFamily> Miniature { get; } =
    [
        new("generator", "generator", StableDiffusion),
        new("captioner", "captioner", Captioner),
        new("clip", "clip", path => ClipScorer.Load(path, TorchPlacement.Cpu, CancellationToken.None)),
        new("tagger", "tagger", path => ImageTagger.Open(path, Options, CancellationToken.None)),
        new("detector", "segmenter/dino", path => GroundedSegmenter.OpenDetector(path, Options, CancellationToken.None)),
        new("mask model", "segmenter/sam", path => GroundedSegmenter.OpenMaskModel(path, Options, CancellationToken.None)),
        new("language model", "scene-scorer", LanguageModel, "model-q8_0.gguf"),
    ];

    public static IReadOnlyList<ModelFamily> Pack { get; } =
    [
        new("sd15", "diffusion/sd15/snapshot", StableDiffusion),
        new("sd2", "diffusion/sd2/snapshot", StableDiffusion),
        new("sdxl", "diffusion/sdxl/snapshot", StableDiffusion),
        new("blip2-opt", "vision-language/blip2-opt/snapshot", Captioner),
        new("blip2-opt original", "vision-language/blip2-opt/snapshot-original", Captioner),
        new("blip2-t5", "vision-language/blip2-t5/snapshot", Captioner),
        new("blip2-itm", "vision-language/blip2-itm/snapshot", Retrieval),
        new("blip captioner", "vision-language/blip-itm/captioning-snapshot", Captioner),
        new("blip-itm", "vision-language/blip-itm/itm-snapshot", Retrieval),
        new("clip gelu", "vision-language/clip/gelu/snapshot", path => ClipScorer.Load(path, TorchPlacement.Cpu, CancellationToken.None)),
        new("image-reward", "vision-language/image-reward/snapshot", ImageReward),
    ];

    /// <summary>The folder on disk.</summary>
    public string Source => Miniature.Contains(this) ? Checkout.Miniature(Folder.Split('/')) : Path.Combine(ConformancePack.Require(), Folder);

    private static IDisposable StableDiffusion(string path) => StableDiffusionSnapshot.Load(path, TorchPlacement.Cpu);

    private static SceneScorer LanguageModel(string path) => SceneScorer.Load(path, new SceneScoringOptions { ContextSize = 1024 }, CancellationToken.None);

    private static ImageCaptioner Captioner(string path) => ImageCaptioner.Load(path, TorchPlacement.Cpu, CancellationToken.None);

    private static ImageRewardScorer ImageReward(string path) => ImageRewardScorer.Load(path, TorchPlacement.Cpu, CancellationToken.None);

    private static RetrievalScorer Retrieval(string path) => RetrievalScorer.Load(path, TorchPlacement.Cpu, CancellationToken.None);
}
