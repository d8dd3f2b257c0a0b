using Realign.Torch;
using static TorchSharp.torch;

namespace Realign.Training.Rewards;

/// <summary>Image-text contrast of BLIP-2 (Li et al. 2023): the best of the query features decides.</summary>
public static class ContrastiveReward
{
    /// <summary>Cosine of each query with the text.</summary>
    /// <param name="queryFeatures">(B, Q, D)</param>
    /// <param name="textFeatures">(B, D)</param>
    /// <returns>(B, Q)</returns>
    public static Tensor Similarities(Tensor queryFeatures, Tensor textFeatures)
    {
        if (queryFeatures.dim() != 3 || textFeatures.dim() != 2 || queryFeatures.shape[0] != textFeatures.shape[0] || queryFeatures.shape[2] != textFeatures.shape[1])
            throw new ArgumentException($"expected (B, Q, D) and (B, D), got [{string.Join(", ", queryFeatures.shape)}] and [{string.Join(", ", textFeatures.shape)}]");
        using var scope = NewDisposeScope();
        return CaptionReward.Normalise(queryFeatures).mul(CaptionReward.Normalise(textFeatures).unsqueeze(1)).sum(-1).MoveToOuterDisposeScope();
    }

    /// <summary>Mean over the batch of 1 - max over queries: 0 at perfect agreement, 2 at most.</summary>
    public static Tensor Loss(Tensor queryFeatures, Tensor textFeatures)
    {
        using var scope = NewDisposeScope();
        var best = Similarities(queryFeatures, textFeatures).max(-1).values;
        return best.neg().add(Scalars.Of(1)).mean().MoveToOuterDisposeScope();
    }
}
