using Realign.Clip;
using Realign.Core.Errors;
using Realign.Core.Images;
using Realign.Rewards.Tensors;
using Realign.Tokenizers;
using Realign.Torch;
using Realign.VisionLanguage.Generation;
using Realign.VisionLanguage.Images;
using Realign.VisionLanguage.Scoring;
using static TorchSharp.torch;

namespace Realign.VisionLanguage.Captioning;

/// <summary>CLIP with its tokenizer and preprocessing: text features and cosines. Not thread-safe.</summary>
public sealed class ClipScorer : IDisposable
{
    private readonly CLIPModel _model;
    private readonly ClipTokenizer _tokenizer;
    private readonly ModelImages _images;
    private readonly TorchPlacement _placement;

    private ClipScorer(CLIPModel model, ClipTokenizer tokenizer, ModelImages images, TorchPlacement placement)
    {
        _model = model;
        _tokenizer = tokenizer;
        _images = images;
        _placement = placement;
    }

    /// <summary>Family of the model: <c>clip</c>.</summary>
    public string Family { get; } = "clip";

    /// <summary>Loads a snapshot folder and runs it once.</summary>
    /// <exception cref="ModelLoadException">Lists everything that does not fit.</exception>
    public static ClipScorer Load(string folder, TorchPlacement placement, CancellationToken cancellationToken)
    {
        var model = CLIPModel.Load(folder, placement);
        try
        {
            var side = model.Config.Vision.ImageSize;
            var scorer = new ClipScorer(model, ClipTokenizer.Load(folder), ModelImages.Load(folder, side, placement), placement);
            _ = scorer.Score([new PicturePrompt(new Picture(new float[3 * side * side], side, side), "a")], gradient: false, cancellationToken);
            return scorer;
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    /// <summary>Normalized text features; what exceeds the tower's context is cut, as upstream.</summary>
    public TextEmbeddings EmbedText(IReadOnlyList<string> texts, CancellationToken cancellationToken)
    {
        var rows = new List<float>();
        var padded = texts.Select(Pad).ToList();
        foreach (var part in padded.Chunk(32))
        {
            cancellationToken.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            using var grad = no_grad();
            rows.AddRange(FeatureCosine.Normalize(_model.TextFeatures(Ids(part))).ToSingles());
        }

        return new TextEmbeddings([.. rows], _model.Config.ProjectionDim, [.. padded.Select(Reading)]);
    }

    /// <summary>Cosine of each picture and its prompt.</summary>
    public IReadOnlyList<ScoredPair> Score(IReadOnlyList<PicturePrompt> pairs, bool gradient, CancellationToken cancellationToken)
    {
        var prompts = pairs.Select(pair => Pad(pair.Prompt)).ToList();
        var scored = new PairScorer(_images, _placement.Device).Score(pairs, (pixels, batch) =>
            FeatureCosine.Of(_model.ImageFeatures(pixels), _model.TextFeatures(Ids([.. batch.Select(index => prompts[index])]))), gradient, cancellationToken);
        return [.. scored.Select((pair, index) => new ScoredPair(pair.Score, pair.Gradient, 0, Reading(prompts[index])))];
    }

    /// <inheritdoc/>
    public void Dispose() => _model.Dispose();

    private PaddedTokens Pad(string text) => _tokenizer.EncodePadded(text, _model.Config.Text.MaxPositionEmbeddings);

    private Tensor Ids(PaddedTokens[] texts) => tensor(
        texts.SelectMany(text => text.Ids).Select(id => (long)id).ToArray(), [texts.Length, _model.Config.Text.MaxPositionEmbeddings],
        device: _placement.Device);

    private static TextReading Reading(PaddedTokens text) => new(text.Length, text.TruncatedRest);
}
