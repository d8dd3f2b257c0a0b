using static TorchSharp.torch;

namespace Realign.Rewards.Tensors;

/// <summary>
/// A decoded caption with a biased gradient (surrogate B, straight-through): each token is its one-hot vector in value and the captioner's
/// distribution in gradient. Captioner and text encoder must share a vocabulary.
/// </summary>
public static class SoftCaption
{
    /// <summary>onehot + p - sg[p], in float32 at least.</summary>
    /// <param name="logits">(B, L, V), teacher-forced on the caption.</param>
    /// <param name="captionIds">(B, L) int64, the caption that was decoded.</param>
    /// <returns>(B, L, V)</returns>
    public static Tensor Tokens(Tensor logits, Tensor captionIds)
    {
        if (logits.dim() != 3 || !logits.shape.Take(2).SequenceEqual(captionIds.shape))
            throw new ArgumentException($"expected logits (B, L, V) and ids (B, L), got {ShapeText.Of(logits)} and {ShapeText.Of(captionIds)}");
        using var scope = NewDisposeScope();
        var wide = logits.dtype is ScalarType.Float16 or ScalarType.BFloat16 ? logits.to(ScalarType.Float32) : logits;
        var probabilities = nn.functional.softmax(wide, -1);
        var ids = captionIds.unsqueeze(-1);
        var oneHot = zeros_like(probabilities, requires_grad: false).scatter(-1, ids, ones_like(ids, dtype: probabilities.dtype));
        return oneHot.add(probabilities.sub(probabilities.detach())).MoveToOuterDisposeScope();
    }

    /// <summary>Embeds soft tokens.</summary>
    /// <param name="tokens">(B, L, V)</param>
    /// <param name="embedding">(V', D) of the text encoder, V' at most V: what the captioner knows beyond it has no embedding.</param>
    /// <returns>(B, L, D)</returns>
    public static Tensor Embed(Tensor tokens, Tensor embedding)
    {
        if (embedding.dim() != 2 || embedding.shape[0] > tokens.shape[^1])
            throw new ArgumentException($"tokens {ShapeText.Of(tokens)} for an embedding {ShapeText.Of(embedding)}", nameof(embedding));
        using var scope = NewDisposeScope();
        return nn.functional.linear(tokens.narrow(-1, 0, embedding.shape[0]), embedding.t().to(tokens.dtype)).MoveToOuterDisposeScope();
    }
}
