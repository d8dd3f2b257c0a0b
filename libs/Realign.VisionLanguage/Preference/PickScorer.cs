// PickScore (Kirstain et al. 2023). Reference: yuvalkirstain/PickScore, README.md ("Inference with PickScore").
using Realign.Clip;
using Realign.Core.Errors;
using Realign.Core.Files;
using Realign.Safetensors;
using Realign.Tokenizers;
using Realign.Torch;
using Realign.VisionLanguage.Images;
using Realign.VisionLanguage.Scoring;

namespace Realign.VisionLanguage.Preference;

/// <summary>PickScore v1: exp(logit scale) times the cosine of a CLIP that was tuned on human choices, about 15 to 25 as published. Not thread-safe.</summary>
public sealed class PickScorer : IDisposable
{
    private readonly ClipPairs _clip;
    private readonly double _scale;

    private PickScorer(ClipPairs clip, double scale)
    {
        _clip = clip;
        _scale = scale;
    }

    /// <summary>Family of the model: <c>pick-score</c>.</summary>
    public string Family { get; } = "pick-score";

    /// <summary>Loads a snapshot folder of a <c>CLIPModel</c> and runs it once. Without tokenizer or preprocessor files those of CLIP ViT-H-14 hold.</summary>
    /// <exception cref="ModelLoadException">Lists everything that does not fit.</exception>
    public static PickScorer Load(string folder, TorchPlacement placement, CancellationToken cancellationToken)
    {
        var hasPreprocessor = ModelFile.Exists(Path.Combine(folder, "preprocessor_config.json"));
        var clip = ClipPairs.Load(folder, CLIPModel.Load(folder, placement), () => ClipTokenizer.LoadOrPublished(folder),
            side => hasPreprocessor ? ModelImages.Load(folder, side, placement) : ModelImages.OfClip(side, placement), placement, cancellationToken);
        try
        {
            return new PickScorer(clip, ReadScale(folder));
        }
        catch
        {
            clip.Dispose();
            throw;
        }
    }

    /// <summary>Scaled cosine of each picture and its prompt; of published weights the scale is about 100.</summary>
    public IReadOnlyList<ScoredPair> Score(IReadOnlyList<PicturePrompt> pairs, bool gradient, CancellationToken cancellationToken) =>
        _clip.Cosines(pairs, cosines => cosines.mul(Scalars.Of(_scale)), gradient, cancellationToken);

    /// <inheritdoc/>
    public void Dispose() => _clip.Dispose();

    // from the file itself: in bfloat16 its exponential would be off by a hundredth
    private static double ReadScale(string folder)
    {
        using var weights = SafetensorsSet.OpenFolder(folder, "model");
        return Math.Exp(weights.FileOf("logit_scale").ReadSingles("logit_scale")[0]);
    }
}
