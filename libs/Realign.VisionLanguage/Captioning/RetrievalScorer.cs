using Realign.Core.Configs;
using Realign.Core.Errors;
using Realign.Core.Images;
using Realign.Tokenizers;
using Realign.Torch;
using Realign.VisionLanguage.Generation;
using Realign.VisionLanguage.Images;
using Realign.VisionLanguage.Rewards;
using static TorchSharp.torch;

namespace Realign.VisionLanguage.Captioning;

/// <summary>A BLIP or BLIP-2 retrieval model with its tokenizer and preprocessing: f_enc, ITC, ITM. Not thread-safe.</summary>
public sealed class RetrievalScorer : IDisposable
{
    private readonly IRetrievalModel _model;
    private readonly BertTokenizer _tokenizer;
    private readonly ModelImages _images;
    private readonly TorchPlacement _placement;

    private RetrievalScorer(IRetrievalModel model, BertTokenizer tokenizer, ModelImages images, TorchPlacement placement)
    {
        _model = model;
        _tokenizer = tokenizer;
        _images = images;
        _placement = placement;
    }

    /// <summary>Width of the features.</summary>
    public int Dimension => _model.Dimension;

    /// <summary>Family of the model: <c>blip-itm</c> or <c>blip-2-itm</c>.</summary>
    public string Family => _model.Family;

    /// <summary>Loads a snapshot folder and runs it once.</summary>
    /// <exception cref="ModelLoadException">Lists everything that does not fit.</exception>
    public static RetrievalScorer Load(string folder, TorchPlacement placement, CancellationToken cancellationToken)
    {
        var config = ConfigReader.Open(Path.Combine(folder, "config.json"));
        var family = config.OneOf("model_type", "blip-2", "blip-2", "blip");
        config.ThrowIfAny();
        IRetrievalModel model = family == "blip" ? BlipRetrievalModel.Load(folder, placement) : Blip2RetrievalModel.Load(folder, placement);
        try
        {
            var side = model.ImageSize;
            var scorer = new RetrievalScorer(model, BertTokenizer.Load(folder), ModelImages.Load(folder, side, placement), placement);
            _ = scorer.ScoreMatching([new PicturePrompt(new Picture(new float[3 * side * side], side, side), "a")], gradient: false, cancellationToken);
            return scorer;
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    /// <summary>Ids of a text, cut to a length; the last one stays the end token.</summary>
    public static int[] Cut(int[] ids, int maxTokens) => ids.Length <= maxTokens ? ids : [.. ids.AsSpan(0, maxTokens - 1), ids[^1]];

    /// <summary>Text features f_enc (algorithms 1.4, preset <c>paper</c>), one row of <see cref="Dimension"/> per text.</summary>
    public float[] EmbedText(IReadOnlyList<string> texts, CancellationToken cancellationToken)
    {
        var rows = new List<float>();
        foreach (var part in texts.Chunk(32))
        {
            cancellationToken.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            using var grad = no_grad();
            rows.AddRange(_model.TextFeatures(Batch(part)).ToSingles());
        }

        return [.. rows];
    }

    /// <summary>ITC: the cosine of image and text; of BLIP-2 the largest one over the queries.</summary>
    public IReadOnlyList<ScoredPair> ScoreContrastive(IReadOnlyList<PicturePrompt> pairs, bool gradient, CancellationToken cancellationToken) =>
        Score(pairs, _model.ContrastiveScore, gradient, cancellationToken);

    /// <summary>ITM: probability of a match.</summary>
    public IReadOnlyList<ScoredPair> ScoreMatching(IReadOnlyList<PicturePrompt> pairs, bool gradient, CancellationToken cancellationToken) =>
        Score(pairs, _model.MatchingScore, gradient, cancellationToken);

    /// <inheritdoc/>
    public void Dispose() => _model.Dispose();

    private List<ScoredPair> Score(
        IReadOnlyList<PicturePrompt> pairs, Func<Tensor, TokenBatch, Tensor> score, bool gradient, CancellationToken cancellationToken) =>
        new PairScorer(_images, _placement.Device).Score(pairs,
            (pixels, batch) => score(_model.EncodeImage(pixels), Batch([.. batch.Select(index => pairs[index].Prompt)])), gradient, cancellationToken);

    private TokenBatch Batch(string[] texts) => TokenBatch.Pad(
        [.. texts.Select(text => (IReadOnlyList<int>)Cut(_tokenizer.Encode(text), _model.MaxTextTokens))], _tokenizer.PadId, _placement.Device);

}
