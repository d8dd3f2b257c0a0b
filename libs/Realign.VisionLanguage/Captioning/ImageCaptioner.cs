using Realign.Core.Errors;
using Realign.Core.Images;
using Realign.Torch;
using Realign.VisionLanguage.Generation;
using Realign.VisionLanguage.Images;
using Realign.VisionLanguage.Scoring;
using static TorchSharp.torch;

namespace Realign.VisionLanguage.Captioning;

/// <summary>A BLIP or BLIP-2 captioner with its tokenizer and preprocessing. Not thread-safe.</summary>
public sealed class ImageCaptioner : IDisposable
{
    private readonly CaptionModel _model;
    private readonly ModelImages _images;
    private readonly TorchPlacement _placement;

    private ImageCaptioner(CaptionModel model, ModelImages images, TorchPlacement placement)
    {
        _model = model;
        _images = images;
        _placement = placement;
    }

    /// <summary>Family of the model: <c>blip</c> or <c>blip-2</c>.</summary>
    public string Family => _model.Family;

    /// <summary>Loads a snapshot folder and runs it once.</summary>
    /// <exception cref="ModelLoadException">Lists everything that does not fit.</exception>
    public static ImageCaptioner Load(string folder, TorchPlacement placement, CancellationToken cancellationToken)
    {
        var model = CaptionModel.Open(folder, placement);
        try
        {
            var side = model.ImageSize;
            var captioner = new ImageCaptioner(model, ModelImages.Load(folder, side, placement), placement);
            _ = captioner.Describe(new Picture(new float[3 * side * side], side, side), "", new GenerationOptions { MaxNewTokens = 2 }, cancellationToken);
            return captioner;
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    /// <summary>Describes a picture.</summary>
    /// <param name="picture">The picture.</param>
    /// <param name="prompt">Text the caption continues; may be empty.</param>
    /// <param name="options">How to search.</param>
    /// <param name="cancellationToken">Checked before every token.</param>
    /// <exception cref="InvalidInputException">The prompt leaves no room for a caption.</exception>
    /// <exception cref="FailedPreconditionException">The model computed no finite probability.</exception>
    public CaptionedPicture Describe(Picture picture, string prompt, GenerationOptions options, CancellationToken cancellationToken)
    {
        using var scope = NewDisposeScope();
        using var grad = no_grad();
        var (promptTokens, texts) = _model.Generate(_images.Exact(picture), prompt, options, cancellationToken);
        var best = texts[0];
        return new CaptionedPicture(
            _model.Decode(best.Ids).Trim(), Math.Min(0, best.MeanLogProbability), best.Ids.Count, best.EndedWithEndToken, promptTokens);
    }

    /// <summary>Mean log-likelihood per token of each prompt given its picture, in nats (algorithms 1.7; BLIP: 1.6, without label smoothing).</summary>
    /// <exception cref="InvalidInputException">A prompt has no token to score.</exception>
    public IReadOnlyList<ScoredPair> ScoreLikelihood(IReadOnlyList<PicturePrompt> pairs, bool gradient, CancellationToken cancellationToken)
    {
        var prompts = pairs.Select((pair, index) => Prepare(pair.Prompt, index)).ToList();
        var scored = new PairScorer(_images, _placement.Device).Score(
            pairs, (pixels, batch) => _model.Score(pixels, [.. batch.Select(index => prompts[index].Text)]), gradient, cancellationToken);
        return [.. scored.Select((pair, index) => new ScoredPair(pair.Score, pair.Gradient, prompts[index].Text.ScoredCount, prompts[index].Reading))];
    }

    private PreparedPrompt Prepare(string prompt, int index)
    {
        try
        {
            return _model.Prepare(prompt);
        }
        catch (InvalidInputException invalid)
        {
            throw new InvalidInputException($"items[{index}].{invalid.Field}", invalid.Value, invalid.Problem, invalid.WayOut);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _model.Dispose();
}
