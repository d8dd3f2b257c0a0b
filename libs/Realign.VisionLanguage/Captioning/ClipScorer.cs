using Realign.Clip;
using Realign.Core.Errors;
using Realign.Tokenizers;
using Realign.Torch;
using Realign.VisionLanguage.Images;
using Realign.VisionLanguage.Preference;
using Realign.VisionLanguage.Scoring;

namespace Realign.VisionLanguage.Captioning;

/// <summary>CLIP with its tokenizer and preprocessing: text features and cosines. Not thread-safe.</summary>
public sealed class ClipScorer : IDisposable
{
    private readonly ClipPairs _clip;

    private ClipScorer(ClipPairs clip) => _clip = clip;

    /// <summary>Family of the model: <c>clip</c>.</summary>
    public string Family { get; } = "clip";

    /// <summary>Loads a snapshot folder and runs it once.</summary>
    /// <exception cref="ModelLoadException">Lists everything that does not fit.</exception>
    public static ClipScorer Load(string folder, TorchPlacement placement, CancellationToken cancellationToken) => new(ClipPairs.Load(
        folder, CLIPModel.Load(folder, placement), () => ClipTokenizer.Load(folder), side => ModelImages.Load(folder, side, placement), placement,
        cancellationToken));

    /// <summary>Normalized text features; what exceeds the tower's context is cut, as upstream.</summary>
    public TextEmbeddings EmbedText(IReadOnlyList<string> texts, CancellationToken cancellationToken) => _clip.EmbedText(texts, cancellationToken);

    /// <summary>Cosine of each picture and its prompt.</summary>
    public IReadOnlyList<ScoredPair> Score(IReadOnlyList<PicturePrompt> pairs, bool gradient, CancellationToken cancellationToken) =>
        _clip.Cosines(pairs, cosines => cosines, gradient, cancellationToken);

    /// <summary>What a predictor says about each picture; prompts are not read.</summary>
    public IReadOnlyList<ScoredPair> ScoreAesthetic(
        IReadOnlyList<PicturePrompt> pairs, AestheticPredictor predictor, bool gradient, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(predictor);
        return _clip.OfPictures(pairs, predictor.Predict, gradient, cancellationToken);
    }

    /// <inheritdoc/>
    public void Dispose() => _clip.Dispose();
}
