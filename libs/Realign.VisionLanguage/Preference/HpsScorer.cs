// Human Preference Score v2 (Wu et al. 2023). Reference: tgxs002/HPSv2, hpsv2/img_score.py and its open_clip/transform.py.
using Realign.Clip;
using Realign.Clip.OpenClip;
using Realign.Core.Errors;
using Realign.Core.Files;
using Realign.Tokenizers;
using Realign.Torch;
using Realign.VisionLanguage.Images;
using Realign.VisionLanguage.Scoring;

namespace Realign.VisionLanguage.Preference;

/// <summary>
/// HPS v2 and v2.1: the cosine of a CLIP that was tuned on human choices, as the reference gives it; papers print it times 100. Not thread-safe.
/// </summary>
public sealed class HpsScorer : IDisposable
{
    private const string Published = "HPS_v2.1_compressed.safetensors";
    private readonly ClipPairs _clip;

    private HpsScorer(ClipPairs clip) => _clip = clip;

    /// <summary>Family of the model: <c>hps-v2</c>.</summary>
    public string Family { get; } = "hps-v2";

    /// <summary>
    /// Loads a file in OpenCLIP's layout, a folder with one, or a snapshot folder of the same weights as a <c>CLIPModel</c>, and runs it once.
    /// </summary>
    /// <exception cref="ModelLoadException">Lists everything that does not fit.</exception>
    public static HpsScorer Load(string path, TorchPlacement placement, CancellationToken cancellationToken)
    {
        var isSnapshot = ModelFile.Exists(Path.Combine(path, "config.json"));
        var file = isSnapshot ? path : WeightFile.Find(path, Published);
        var model = isSnapshot ? CLIPModel.Load(path, placement) : LoadOpenClip(file, placement);
        var folder = isSnapshot ? path : Path.GetDirectoryName(Path.GetFullPath(file))!;
        return new HpsScorer(ClipPairs.Load(
            path, model, () => ClipTokenizer.LoadOrPublished(folder), side => TorchvisionImages.Padded(side, placement), placement, cancellationToken));
    }

    /// <summary>Cosine of each picture and its prompt, -1..1.</summary>
    public IReadOnlyList<ScoredPair> Score(IReadOnlyList<PicturePrompt> pairs, bool gradient, CancellationToken cancellationToken) =>
        _clip.Cosines(pairs, cosines => cosines, gradient, cancellationToken);

    /// <inheritdoc/>
    public void Dispose() => _clip.Dispose();

    private static CLIPModel LoadOpenClip(string file, TorchPlacement placement)
    {
        using var checkpoint = OpenClipCheckpoint.Open(file);
        return CLIPModel.Load(checkpoint.Config, checkpoint.Weights, placement, checkpoint.Rules);
    }
}
