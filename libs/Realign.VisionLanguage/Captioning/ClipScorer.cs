using Realign.Clip;
using Realign.Core.Errors;
using Realign.Core.Images;
using Realign.Tokenizers;
using Realign.Torch;
using Realign.VisionLanguage.Images;
using Realign.VisionLanguage.Rewards;
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

    /// <summary>Width of the features.</summary>
    public int Dimension => _model.Config.ProjectionDim;

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

    /// <summary>Normalised text features, one row of <see cref="Dimension"/> per text; what exceeds the tower's context is cut, as upstream.</summary>
    public float[] EmbedText(IReadOnlyList<string> texts, CancellationToken cancellationToken)
    {
        var rows = new List<float>();
        foreach (var part in texts.Chunk(32))
        {
            cancellationToken.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            using var grad = no_grad();
            rows.AddRange(CLIPModel.Normalize(_model.TextFeatures(Ids(part))).ToSingles());
        }

        return [.. rows];
    }

    /// <summary>Cosine of each picture and its prompt.</summary>
    public IReadOnlyList<ScoredPair> Score(IReadOnlyList<PicturePrompt> pairs, bool gradient, CancellationToken cancellationToken) =>
        new PairScorer(_images, _placement.Device).Score(pairs, (pixels, batch) =>
            CLIPModel.Cosine(_model.ImageFeatures(pixels), _model.TextFeatures(Ids([.. batch.Select(index => pairs[index].Prompt)]))), gradient, cancellationToken);

    /// <inheritdoc/>
    public void Dispose() => _model.Dispose();

    private Tensor Ids(string[] texts)
    {
        var length = _model.Config.Text.MaxPositionEmbeddings;
        var ids = texts.SelectMany(text => _tokenizer.EncodePadded(text, length).Ids).Select(id => (long)id).ToArray();
        return tensor(ids, [texts.Length, length], device: _placement.Device);
    }
}
