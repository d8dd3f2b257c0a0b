using static TorchSharp.torch;

namespace Realign.Rewards.Tensors;

/// <summary>Cosines of feature rows, differentiable in both. The row of a vector without direction is NaN, never 0.</summary>
public static class FeatureCosine
{
    /// <summary>Rows of length 1, in float32 at least.</summary>
    /// <param name="features">(..., D)</param>
    public static Tensor Normalize(Tensor features)
    {
        using var scope = NewDisposeScope();
        var wide = features.dtype is ScalarType.Float16 or ScalarType.BFloat16 ? features.to(ScalarType.Float32) : features;
        return wide.div(wide.square().sum(-1, keepdim: true).sqrt()).MoveToOuterDisposeScope();
    }

    /// <summary>Cosine of each pair, -1..1.</summary>
    /// <param name="left">(N, D)</param>
    /// <param name="right">(N, D)</param>
    /// <returns>(N)</returns>
    public static Tensor Of(Tensor left, Tensor right)
    {
        if (left.dim() != 2 || !left.shape.SequenceEqual(right.shape))
            throw new ArgumentException($"expected two (N, D) tensors, got {ShapeText.Of(left)} and {ShapeText.Of(right)}");
        using var scope = NewDisposeScope();
        return Normalize(left).mul(Normalize(right)).sum(-1).MoveToOuterDisposeScope();
    }
}
