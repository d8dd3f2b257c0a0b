using Realign.Core.Errors;
using Realign.Core.Images;
using Realign.Tokenizers;
using Realign.Torch;
using Realign.VisionLanguage.Generation;
using Realign.VisionLanguage.Images;
using Realign.VisionLanguage.Scoring;
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

    /// <summary>Family of the model: <c>blip-itm</c> or <c>blip-2-itm</c>.</summary>
    public string Family => _model.Family;

    /// <summary>Loads a snapshot folder and runs it once.</summary>
    /// <exception cref="ModelLoadException">Lists everything that does not fit.</exception>
    public static RetrievalScorer Load(string folder, TorchPlacement placement, CancellationToken cancellationToken)
    {
        IRetrievalModel model = CaptionFamily.Require(folder, "ForImageTextRetrieval") == "blip"
            ? BlipRetrievalModel.Load(folder, placement)
            : Blip2RetrievalModel.Load(folder, placement);
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

    /// <summary>Text features f_enc (algorithms 1.4, preset <c>paper</c>); what exceeds the original code's length is cut.</summary>
    public TextEmbeddings EmbedText(IReadOnlyList<string> texts, CancellationToken cancellationToken)
    {
        var rows = new List<float>();
        var cut = texts.Select(Cut).ToList();
        foreach (var part in cut.Chunk(32))
        {
            cancellationToken.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            using var grad = no_grad();
            rows.AddRange(_model.TextFeatures(Batch(part)).ToSingles());
        }

        return new TextEmbeddings([.. rows], _model.Dimension, [.. cut.Select(text => text.Reading)]);
    }

    /// <summary>ITC: the cosine of image and text; of BLIP-2 the largest one over the queries.</summary>
    public IReadOnlyList<ScoredPair> ScoreContrastive(IReadOnlyList<PicturePrompt> pairs, bool gradient, CancellationToken cancellationToken) =>
        Score(pairs, _model.ContrastiveScore, gradient, cancellationToken);

    /// <summary>ITM: probability of a match.</summary>
    public IReadOnlyList<ScoredPair> ScoreMatching(IReadOnlyList<PicturePrompt> pairs, bool gradient, CancellationToken cancellationToken) =>
        Score(pairs, _model.MatchingScore, gradient, cancellationToken);

    /// <inheritdoc/>
    public void Dispose() => _model.Dispose();

    private IReadOnlyList<ScoredPair> Score(
        IReadOnlyList<PicturePrompt> pairs, Func<Tensor, TokenBatch, Tensor> score, bool gradient, CancellationToken cancellationToken)
    {
        var prompts = pairs.Select(pair => Cut(pair.Prompt)).ToList();
        var scored = new PairScorer(_images, _placement.Device).Score(pairs,
            (pixels, batch) => score(_model.EncodeImage(pixels), Batch([.. batch.Select(index => prompts[index])])), gradient, cancellationToken);
        return [.. scored.Select((pair, index) => new ScoredPair(pair.Score, pair.Gradient, 0, prompts[index].Reading))];
    }

    private (int[] Ids, TextReading Reading) Cut(string text) => TextReading.CutBeforeEnd(_tokenizer, _tokenizer.Encode(text), _model.MaxTextTokens);

    private TokenBatch Batch((int[] Ids, TextReading Reading)[] texts) =>
        TokenBatch.Pad([.. texts.Select(text => text.Ids)], _tokenizer.PadId, _placement.Device);
}
