using Realign.Torch;
using static TorchSharp.torch;

namespace Realign.Rewards.Tensors;

/// <summary>
/// Score-function estimator over sampled captions (surrogate C; Williams 1992) with a leave-one-out baseline (Kool et al. 2019): an
/// unbiased gradient of the expected caption reward, for any text encoder.
/// </summary>
public static class ScoreFunction
{
    /// <summary>Mean reward of the other samples.</summary>
    /// <param name="rewards">(M) or (B, M), at least two samples.</param>
    /// <returns>The same shape.</returns>
    public static Tensor Baselines(Tensor rewards)
    {
        if (rewards.dim() is not (1 or 2) || rewards.shape[^1] < 2)
            throw new ArgumentException($"expected (M) or (B, M) with M >= 2, got {ShapeText.Of(rewards)}", nameof(rewards));
        using var scope = NewDisposeScope();
        return rewards.sum(-1, keepdim: true).sub(rewards).div(Scalars.Of(rewards.shape[^1] - 1)).MoveToOuterDisposeScope();
    }

    /// <summary>Minus the mean of (R - b) log p: its gradient is that of minus the expected reward; its value means nothing.</summary>
    /// <param name="logProbabilities">(M) or (B, M), log-probability of each sampled caption, summed over its tokens.</param>
    /// <param name="rewards">The same shape, or (M) for all images alike; constants.</param>
    /// <returns>Scalar.</returns>
    public static Tensor Loss(Tensor logProbabilities, Tensor rewards)
    {
        if (logProbabilities.shape[^1] != rewards.shape[^1] || (rewards.dim() > 1 && !logProbabilities.shape.SequenceEqual(rewards.shape)))
            throw new ArgumentException($"log-probabilities {ShapeText.Of(logProbabilities)} for rewards {ShapeText.Of(rewards)}", nameof(logProbabilities));
        using var scope = NewDisposeScope();
        var constant = rewards.detach();
        return constant.sub(Baselines(constant)).mul(logProbabilities).mean().neg().MoveToOuterDisposeScope();
    }
}
