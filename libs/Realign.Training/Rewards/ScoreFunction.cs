using Realign.Torch;
using static TorchSharp.torch;

namespace Realign.Training.Rewards;

/// <summary>
/// Score-function estimator over sampled captions (Williams 1992) with a leave-one-out baseline (Kool et al. 2019): an unbiased
/// gradient of the expected caption reward, for any text encoder.
/// </summary>
public static class ScoreFunction
{
    /// <summary>Mean reward of the other samples.</summary>
    /// <param name="rewards">(M), at least two samples.</param>
    /// <returns>(M)</returns>
    public static Tensor Baseline(Tensor rewards)
    {
        if (rewards.dim() != 1 || rewards.shape[0] < 2)
            throw new ArgumentException($"expected (M) with M >= 2, got [{string.Join(", ", rewards.shape)}]", nameof(rewards));
        using var scope = NewDisposeScope();
        return rewards.sum().sub(rewards).div(Scalars.Of(rewards.shape[0] - 1)).MoveToOuterDisposeScope();
    }

    /// <summary>-(1/M) sum (R - b) log p: its gradient is that of minus the expected reward; its value means nothing.</summary>
    /// <param name="logProbabilities">(M), log-probability of each sampled caption, summed over its tokens.</param>
    /// <param name="rewards">(M), constants.</param>
    public static Tensor Loss(Tensor logProbabilities, Tensor rewards)
    {
        if (!logProbabilities.shape.SequenceEqual(rewards.shape))
            throw new ArgumentException($"{logProbabilities.numel()} log-probabilities for {rewards.numel()} rewards", nameof(logProbabilities));
        using var scope = NewDisposeScope();
        var constant = rewards.detach();
        return constant.sub(Baseline(constant)).mul(logProbabilities).mean().neg().MoveToOuterDisposeScope();
    }
}
