using static TorchSharp.torch;

namespace Realign.Training.Rewards;

/// <summary>
/// A decoded caption with a biased gradient (straight-through estimator): each token is its one-hot vector in value and the captioner's
/// distribution in gradient. Captioner and text encoder must share a vocabulary.
/// </summary>
public static class SoftCaption
{
    /// <summary>onehot + p - sg[p].</summary>
    /// <param name="logits">(B, L, V), teacher-forced on the caption.</param>
    /// <param name="captionIds">(B, L) int64, the caption that was decoded.</param>
    /// <returns>(B, L, V)</returns>
    public static Tensor Tokens(Tensor logits, Tensor captionIds)
    {
        if (logits.dim() != 3 || !logits.shape.Take(2).SequenceEqual(captionIds.shape))
            throw new ArgumentException($"expected logits (B, L, V) and ids (B, L), got [{string.Join(", ", logits.shape)}] and [{string.Join(", ", captionIds.shape)}]");
        using var scope = NewDisposeScope();
        var probabilities = nn.functional.softmax(logits, -1);
        var oneHot = zeros_like(probabilities, requires_grad: false).scatter(-1, captionIds.unsqueeze(-1), ones_like(captionIds, dtype: probabilities.dtype).unsqueeze(-1));
        return oneHot.add(probabilities.sub(probabilities.detach())).MoveToOuterDisposeScope();
    }

    /// <summary>Embeds soft tokens.</summary>
    /// <param name="tokens">(B, L, V)</param>
    /// <param name="embedding">(V, D) of the text encoder.</param>
    /// <returns>(B, L, D)</returns>
    public static Tensor Embed(Tensor tokens, Tensor embedding)
    {
        using var scope = NewDisposeScope();
        return nn.functional.linear(tokens, embedding.t()).MoveToOuterDisposeScope();
    }
}
