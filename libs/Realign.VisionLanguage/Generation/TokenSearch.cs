using Realign.Core.Errors;
using static TorchSharp.torch;

namespace Realign.VisionLanguage.Generation;

/// <summary>
/// Greedy and beam search as the reference library does them (transformers <c>generation/utils.py</c>): penalties act on raw logits in
/// greedy search and on log-probabilities in beam search.
/// </summary>
internal static class TokenSearch
{
    /// <summary>Finds texts.</summary>
    /// <param name="decoder">Opened and not yet started.</param>
    /// <param name="options">How to search.</param>
    /// <param name="cancellationToken">Checked before every token.</param>
    /// <returns>At least one text, best first.</returns>
    /// <exception cref="FailedPreconditionException">A probability is not finite.</exception>
    public static IReadOnlyList<GeneratedText> Run(ITokenDecoder decoder, GenerationOptions options, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.MaxNewTokens, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.NumBeams, 1);
        using var grad = no_grad();
        return options.NumBeams == 1 ? [Greedy(decoder, options, cancellationToken)] : BeamSearch.Run(decoder, options, cancellationToken);
    }

    /// <summary>The refusal of a search whose probabilities are not numbers.</summary>
    internal static FailedPreconditionException NotFinite() => new(
        "the caption model computes probabilities that are NaN or infinite for this image", "check the model's weights, or use float32", "image");

    private static GeneratedText Greedy(ITokenDecoder decoder, GenerationOptions options, CancellationToken cancellationToken)
    {
        var penalties = new TokenPenalties(decoder, options);
        var ids = new List<int>();
        var logProbability = 0.0;
        var room = Math.Min(options.MaxNewTokens, decoder.Capacity);
        while (ids.Count < room)
        {
            cancellationToken.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            var logits = (ids.Count == 0 ? decoder.Start() : decoder.Next([ids[^1]])).to(ScalarType.Float32);
            var next = penalties.Apply(logits, [ids]).argmax(-1).item<long>();
            logProbability += logits.log_softmax(-1)[0, next].item<float>();
            if (!double.IsFinite(logProbability))
                throw NotFinite();
            ids.Add((int)next);
            if (next == decoder.EndTokenId)
                break;
        }

        return new GeneratedText(ids, logProbability / ids.Count, logProbability / ids.Count, ids[^1] == decoder.EndTokenId);
    }
}
