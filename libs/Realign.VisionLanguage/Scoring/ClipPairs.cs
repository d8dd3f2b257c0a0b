using Realign.Clip;
using Realign.Core.Errors;
using Realign.Core.Images;
using Realign.Rewards.Tensors;
using Realign.Tokenizers;
using Realign.Torch;
using Realign.VisionLanguage.Generation;
using Realign.VisionLanguage.Images;
using static TorchSharp.torch;

namespace Realign.VisionLanguage.Scoring;

/// <summary>Both towers of a CLIP with tokenizer and preprocessing: what every score that is a cosine of theirs shares. Owns the model.</summary>
internal sealed class ClipPairs : IDisposable
{
    private readonly ClipTokenizer _tokenizer;
    private readonly IDifferentiableImages _images;
    private readonly TorchPlacement _placement;

    private ClipPairs(CLIPModel model, ClipTokenizer tokenizer, IDifferentiableImages images, TorchPlacement placement)
    {
        Model = model;
        _tokenizer = tokenizer;
        _images = images;
        _placement = placement;
    }

    /// <summary>The model.</summary>
    public CLIPModel Model { get; }

    /// <summary>Puts tokenizer and preprocessing to a loaded model, which is its from here on, and runs it once.</summary>
    /// <param name="path">The model's, for errors.</param>
    /// <param name="model">The model; disposed when this fails.</param>
    /// <param name="tokenizer">Reads the tokenizer.</param>
    /// <param name="images">Preprocessing for a side in pixels.</param>
    /// <param name="placement">Where the model is.</param>
    /// <param name="cancellationToken">As of <see cref="Cosines"/>.</param>
    /// <exception cref="ModelLoadException">Tokenizer or preprocessing cannot be used, or the tokenizer has ids that the model has not.</exception>
    public static ClipPairs Load(
        string path, CLIPModel model, Func<ClipTokenizer> tokenizer, Func<int, IDifferentiableImages> images, TorchPlacement placement,
        CancellationToken cancellationToken)
    {
        try
        {
            var side = model.Config.Vision.ImageSize;
            var clip = new ClipPairs(model, Fitting(tokenizer(), model, path), images(side), placement);
            var black = new Picture(new float[3 * side * side], side, side);
            _ = clip.Cosines([new PicturePrompt(black, "a")], cosines => cosines, gradient: false, cancellationToken);
            return clip;
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    /// <summary>Rows of length 1; what exceeds the tower's context is cut, as upstream.</summary>
    public TextEmbeddings EmbedText(IReadOnlyList<string> texts, CancellationToken cancellationToken)
    {
        var rows = new List<float>();
        var padded = texts.Select(Pad).ToList();
        foreach (var part in padded.Chunk(32))
        {
            cancellationToken.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            using var grad = no_grad();
            rows.AddRange(FeatureCosine.Normalize(Model.TextFeatures(Ids(part))).ToSingles());
        }

        return new TextEmbeddings([.. rows], Model.Config.ProjectionDim, [.. padded.Select(Reading)]);
    }

    /// <summary>Cosine of each picture and its prompt, in the unit of the score.</summary>
    /// <param name="pairs">At least one pair.</param>
    /// <param name="unit">(B) cosines -> (B) scores.</param>
    /// <param name="gradient">Whether gradients are wanted.</param>
    /// <param name="cancellationToken">Checked as by <see cref="PairScorer"/>.</param>
    public IReadOnlyList<ScoredPair> Cosines(
        IReadOnlyList<PicturePrompt> pairs, Func<Tensor, Tensor> unit, bool gradient, CancellationToken cancellationToken)
    {
        var prompts = pairs.Select(pair => Pad(pair.Prompt)).ToList();
        var scored = new PairScorer(_images, _placement.Device).Score(pairs, (pixels, batch) => unit(
            FeatureCosine.Of(Model.ImageFeatures(pixels), Model.TextFeatures(Ids([.. batch.Select(index => prompts[index])])))), gradient, cancellationToken);
        return [.. scored.Select((pair, index) => new ScoredPair(pair.Score, pair.Gradient, 0, Reading(prompts[index])))];
    }

    /// <summary>A score of each picture alone; prompts are not read.</summary>
    /// <param name="pairs">At least one pair.</param>
    /// <param name="score">(B, P) image features of length 1 -> (B) scores.</param>
    /// <param name="gradient">Whether gradients are wanted.</param>
    /// <param name="cancellationToken">Checked as by <see cref="PairScorer"/>.</param>
    public IReadOnlyList<ScoredPair> OfPictures(
        IReadOnlyList<PicturePrompt> pairs, Func<Tensor, Tensor> score, bool gradient, CancellationToken cancellationToken)
    {
        var scored = new PairScorer(_images, _placement.Device).Score(
            pairs, (pixels, _) => score(FeatureCosine.Normalize(Model.ImageFeatures(pixels))), gradient, cancellationToken);
        return [.. scored.Select(pair => new ScoredPair(pair.Score, pair.Gradient, 0, new TextReading(0, "")))];
    }

    /// <inheritdoc/>
    public void Dispose() => Model.Dispose();

    private static ClipTokenizer Fitting(ClipTokenizer tokenizer, CLIPModel model, string path) =>
        tokenizer.VocabularySize <= model.Config.Text.VocabSize
            ? tokenizer
            : throw new ModelLoadException(path, $"the tokenizer has {tokenizer.VocabularySize} ids, the model {model.Config.Text.VocabSize}",
                "put the tokenizer files of this model (vocab.json, merges.txt) into its folder");

    private PaddedTokens Pad(string text) => _tokenizer.EncodePadded(text, Model.Config.Text.MaxPositionEmbeddings);

    private Tensor Ids(PaddedTokens[] texts) => tensor(
        texts.SelectMany(text => text.Ids).Select(id => (long)id).ToArray(), [texts.Length, Model.Config.Text.MaxPositionEmbeddings],
        device: _placement.Device);

    private static TextReading Reading(PaddedTokens text) => new(text.Length, text.TruncatedRest);
}
