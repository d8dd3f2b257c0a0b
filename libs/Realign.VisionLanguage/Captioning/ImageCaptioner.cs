using Realign.Core.Errors;
using Realign.Tokenizers;
using Realign.Torch;
using Realign.VisionLanguage.Blip2;
using Realign.VisionLanguage.Generation;
using Realign.VisionLanguage.Images;
using Realign.VisionLanguage.Rewards;
using static TorchSharp.torch;

namespace Realign.VisionLanguage.Captioning;

/// <summary>A BLIP-2 captioner with its tokenizer and preprocessing. Not thread-safe.</summary>
public sealed class ImageCaptioner : IDisposable
{
    private readonly Blip2ForConditionalGeneration _model;
    private readonly ITextTokenizer _tokenizer;
    private readonly ModelImages _images;
    private readonly PromptLikelihood _likelihood;
    private readonly TorchPlacement _placement;

    private ImageCaptioner(Blip2ForConditionalGeneration model, ITextTokenizer tokenizer, ModelImages images, TorchPlacement placement)
    {
        _model = model;
        _tokenizer = tokenizer;
        _images = images;
        _placement = placement;
        _likelihood = new PromptLikelihood(model, tokenizer);
    }

    /// <summary>Loads a snapshot folder and runs it once.</summary>
    /// <exception cref="ModelLoadException">Lists everything that does not fit.</exception>
    public static ImageCaptioner Load(string folder, TorchPlacement placement, CancellationToken cancellationToken)
    {
        var model = Blip2ForConditionalGeneration.Load(folder, placement);
        try
        {
            if (model.Config.T5 is not null)
                throw new ModelLoadException(folder, "a T5 captioner needs a SentencePiece tokenizer", "use an OPT captioner");
            var tokenizer = Gpt2Tokenizer.Load(folder);
            var side = model.Config.Vision.ImageSize;
            var captioner = new ImageCaptioner(model, tokenizer, ModelImages.Load(folder, side, placement), placement);
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
    /// <returns>The text without special tokens, trimmed, and what was found.</returns>
    /// <exception cref="InvalidInputException">The prompt leaves no room for a caption.</exception>
    public (string Caption, GeneratedText Found) Describe(Picture picture, string prompt, GenerationOptions options, CancellationToken cancellationToken)
    {
        using var scope = NewDisposeScope();
        using var grad = no_grad();
        var found = _model.Generate(_images.Exact(picture), _tokenizer.Encode(prompt), options, cancellationToken)[0];
        return (_tokenizer.Decode([.. found.Ids], skipSpecialTokens: true).Trim(), found);
    }

    /// <summary>Mean log-likelihood per token of each prompt given its picture, in nats (algorithms 1.7).</summary>
    /// <exception cref="InvalidInputException">A prompt has no token to score.</exception>
    public IReadOnlyList<ScoredPair> ScoreLikelihood(IReadOnlyList<PicturePrompt> pairs, bool gradient, CancellationToken cancellationToken)
    {
        var texts = pairs.Select(pair => _likelihood.Prepare(pair.Prompt)).ToList();
        var scored = new PairScorer(_images, _placement.Device).Score(
            pairs, (pixels, batch) => _likelihood.Score(pixels, [.. batch.Select(index => texts[index])]), gradient, cancellationToken);
        return [.. scored.Select((pair, index) => pair with { NumTokens = texts[index].ScoredCount })];
    }

    /// <inheritdoc/>
    public void Dispose() => _model.Dispose();
}
