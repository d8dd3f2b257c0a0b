using static TorchSharp.torch;

namespace Realign.Rewards.Tensors;

/// <summary>Image-text contrast of BLIP-2 (Li et al. 2023; surrogate D): the best of the query features decides.</summary>
public static class ContrastiveReward
{
    /// <summary>Cosine of each query with the text.</summary>
    /// <param name="queryFeatures">(B, Q, D)</param>
    /// <param name="textFeatures">(B, D)</param>
    /// <returns>(B, Q)</returns>
    public static Tensor Similarities(Tensor queryFeatures, Tensor textFeatures)
    {
        if (queryFeatures.dim() != 3 || textFeatures.dim() != 2
            || queryFeatures.shape[0] != textFeatures.shape[0] || queryFeatures.shape[2] != textFeatures.shape[1])
            throw new ArgumentException($"expected (B, Q, D) and (B, D), got {ShapeText.Of(queryFeatures)} and {ShapeText.Of(textFeatures)}");
        using var scope = NewDisposeScope();
        return FeatureCosine.Normalize(queryFeatures).mul(FeatureCosine.Normalize(textFeatures).unsqueeze(1)).sum(-1).MoveToOuterDisposeScope();
    }

    /// <summary>The largest cosine over the queries, -1..1. Differentiable through the best query.</summary>
    /// <param name="queryFeatures">(B, Q, D)</param>
    /// <param name="textFeatures">(B, D)</param>
    /// <returns>(B)</returns>
    public static Tensor Score(Tensor queryFeatures, Tensor textFeatures)
    {
        using var scope = NewDisposeScope();
        return Similarities(queryFeatures, textFeatures).amax([1]).MoveToOuterDisposeScope();
    }
}
