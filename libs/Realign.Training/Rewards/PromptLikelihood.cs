using Realign.Torch;
using static TorchSharp.torch;

namespace Realign.Training.Rewards;

/// <summary>
/// Negative log-likelihood of the prompt under a captioner (CoMat's concept matching): the differentiable stand-in for the caption
/// reward. In nats per token; smaller is better.
/// </summary>
public static class PromptLikelihood
{
    /// <summary>Mean loss per sample over its scored tokens.</summary>
    /// <param name="logits">(B, L, V); position i predicts <paramref name="targets"/> i, that is, already shifted. Computed in float32 at least.</param>
    /// <param name="targets">(B, L) int64, each in 0..V-1.</param>
    /// <param name="mask">(B, L); 1 where a token counts. Prefix and padding are 0.</param>
    /// <param name="labelSmoothing">0 = plain; with e, the loss is (1 - e) times the plain one plus e times the mean of -log p over the whole vocabulary.</param>
    /// <returns>(B); 0 for a sample without scored tokens</returns>
    public static Tensor PerSample(Tensor logits, Tensor targets, Tensor mask, double labelSmoothing = 0)
    {
        using var scope = NewDisposeScope();
        var (losses, weights) = PerToken(logits, targets, mask, labelSmoothing);
        return losses.sum(-1).div(weights.sum(-1).clamp_min(Scalars.Of(1))).MoveToOuterDisposeScope();
    }

    /// <summary>Every sample counts the same: the mean of <see cref="PerSample"/>.</summary>
    public static Tensor MeanOverSamples(Tensor logits, Tensor targets, Tensor mask, double labelSmoothing = 0)
    {
        using var scope = NewDisposeScope();
        return PerSample(logits, targets, mask, labelSmoothing).mean().MoveToOuterDisposeScope();
    }

    /// <summary>Every token counts the same, so that long prompts dominate: what Hugging Face models return.</summary>
    public static Tensor MeanOverTokens(Tensor logits, Tensor targets, Tensor mask, double labelSmoothing = 0)
    {
        using var scope = NewDisposeScope();
        var (losses, weights) = PerToken(logits, targets, mask, labelSmoothing);
        return losses.sum().div(weights.sum().clamp_min(Scalars.Of(1))).MoveToOuterDisposeScope();
    }

    private static (Tensor Losses, Tensor Weights) PerToken(Tensor logits, Tensor targets, Tensor mask, double labelSmoothing)
    {
        Check(logits, targets, mask, labelSmoothing);
        var wide = logits.dtype is ScalarType.Float16 or ScalarType.BFloat16 ? logits.to(ScalarType.Float32) : logits;
        var logProbs = nn.functional.log_softmax(wide, -1);
        var weights = mask.to(wide.dtype);
        var losses = logProbs.gather(-1, targets.unsqueeze(-1)).squeeze(-1).neg();
        if (labelSmoothing > 0)
            losses = losses.mul(Scalars.Of(1 - labelSmoothing)).add(logProbs.mean([-1]), alpha: Scalars.Of(-labelSmoothing));
        return (losses.mul(weights), weights);
    }

    private static void Check(Tensor logits, Tensor targets, Tensor mask, double labelSmoothing)
    {
        if (logits.dim() != 3 || targets.dim() != 2 || !logits.shape.Take(2).SequenceEqual(targets.shape) || !mask.shape.SequenceEqual(targets.shape))
        {
            throw new ArgumentException($"expected logits (B, L, V), targets and mask (B, L); got [{string.Join(", ", logits.shape)}], "
                + $"[{string.Join(", ", targets.shape)}], [{string.Join(", ", mask.shape)}]", nameof(logits));
        }

        ArgumentOutOfRangeException.ThrowIfNegative(labelSmoothing);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(labelSmoothing, 1);
        if (targets.numel() == 0)
            return;
        using var scope = NewDisposeScope();
        if (targets.min().item<long>() < 0 || targets.max().item<long>() >= logits.shape[2])
            throw new ArgumentOutOfRangeException(nameof(targets), $"ids must be in 0..{logits.shape[2] - 1}");
    }
}
