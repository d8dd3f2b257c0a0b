using static TorchSharp.torch;

namespace Realign.Diffusion.FineStage;

/// <summary>Puts the states of phrases encoded alone in the place of their tokens, so that attributes cannot leak between them.</summary>
public static class EmbeddingReplacement
{
    /// <summary>Text states with replaced rows; the caller's dispose scope owns them.</summary>
    /// <param name="states">(B, T, D)</param>
    /// <param name="phrases">States of each phrase alone (phrases, T, D).</param>
    /// <param name="spans">Where each phrase is in the prompt; null = nowhere.</param>
    public static Tensor Apply(Tensor states, Tensor phrases, IReadOnlyList<PhraseSpan?> spans)
    {
        ArgumentNullException.ThrowIfNull(states);
        ArgumentNullException.ThrowIfNull(spans);
        using var scope = NewDisposeScope();
        var replaced = states.clone();
        for (var i = 0; i < spans.Count; i++)
        {
            // row 0 of a phrase is its begin token
            foreach (var (index, column) in (spans[i]?.Columns ?? []).Index())
                replaced.narrow(1, column, 1).copy_(phrases[i].narrow(0, index + 1, 1).unsqueeze(0));
        }

        return replaced.MoveToOuterDisposeScope();
    }
}
