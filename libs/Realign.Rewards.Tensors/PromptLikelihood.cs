using Realign.Torch;
using static TorchSharp.torch;

namespace Realign.Rewards.Tensors;

/// <summary>
/// Log-likelihood of a prompt under a captioner (surrogate A; CoMat's concept matching): the differentiable stand-in for the caption
/// reward, in nats, at most 0. Minus it is the loss.
/// </summary>
public static class PromptLikelihood
{
    /// <summary>Log-probability of each target.</summary>
    /// <param name="logits">(B, L, V); position i predicts <paramref name="targets"/> i, that is, already shifted. Computed in float32 at least.</param>
    /// <param name="targets">(B, L) int64, each in 0..V-1.</param>
    /// <param name="labelSmoothing">0 = plain; with e, (1 - e) times the plain one plus e times the mean of log p over the whole vocabulary.</param>
    /// <returns>(B, L)</returns>
    public static Tensor TokenLogProbabilities(Tensor logits, Tensor targets, double labelSmoothing = 0)
    {
        Check(logits, targets, labelSmoothing);
        using var scope = NewDisposeScope();
        var wide = logits.dtype is ScalarType.Float16 or ScalarType.BFloat16 ? logits.to(ScalarType.Float32) : logits;
        var vocabulary = nn.functional.log_softmax(wide, -1);
        var chosen = vocabulary.gather(-1, targets.unsqueeze(-1)).squeeze(-1);
        if (labelSmoothing > 0)
            chosen = chosen.mul(Scalars.Of(1 - labelSmoothing)).add(vocabulary.mean([-1]), alpha: Scalars.Of(labelSmoothing));
        return chosen.MoveToOuterDisposeScope();
    }

    /// <summary>Sum over the scored tokens of each text.</summary>
    /// <param name="tokenLogProbabilities">(B, L)</param>
    /// <param name="mask">(B, L); 1 where a token counts. Prefix and padding are 0.</param>
    /// <returns>(B)</returns>
    public static Tensor Sum(Tensor tokenLogProbabilities, Tensor mask)
    {
        using var scope = NewDisposeScope();
        return Scored(tokenLogProbabilities, mask).sum(-1).MoveToOuterDisposeScope();
    }

    /// <summary>Mean over the scored tokens of each text, never over a batch: long prompts do not dominate (algorithms 1.5).</summary>
    /// <param name="tokenLogProbabilities">(B, L)</param>
    /// <param name="mask">(B, L); 1 where a token counts.</param>
    /// <returns>(B); 0 for a text without scored tokens</returns>
    public static Tensor Mean(Tensor tokenLogProbabilities, Tensor mask)
    {
        using var scope = NewDisposeScope();
        var counts = mask.to(tokenLogProbabilities.dtype).sum(-1).clamp_min(Scalars.Of(1));
        return Scored(tokenLogProbabilities, mask).sum(-1).div(counts).MoveToOuterDisposeScope();
    }

    /// <summary>Every token of the batch counts the same: what Hugging Face models return, for comparison with them.</summary>
    /// <param name="tokenLogProbabilities">(B, L)</param>
    /// <param name="mask">(B, L); 1 where a token counts.</param>
    /// <returns>Scalar; 0 without scored tokens</returns>
    public static Tensor MeanOverBatch(Tensor tokenLogProbabilities, Tensor mask)
    {
        using var scope = NewDisposeScope();
        var count = mask.to(tokenLogProbabilities.dtype).sum().clamp_min(Scalars.Of(1));
        return Scored(tokenLogProbabilities, mask).sum().div(count).MoveToOuterDisposeScope();
    }

    private static Tensor Scored(Tensor tokenLogProbabilities, Tensor mask)
    {
        if (tokenLogProbabilities.dim() != 2 || !mask.shape.SequenceEqual(tokenLogProbabilities.shape))
            throw new ArgumentException($"expected two (B, L) tensors, got {ShapeText.Of(tokenLogProbabilities)} and {ShapeText.Of(mask)}");
        return tokenLogProbabilities.mul(mask.to(tokenLogProbabilities.dtype));
    }

    private static void Check(Tensor logits, Tensor targets, double labelSmoothing)
    {
        if (logits.dim() != 3 || targets.dim() != 2 || !logits.shape.Take(2).SequenceEqual(targets.shape))
        {
            throw new ArgumentException(
                $"expected logits (B, L, V) and targets (B, L), got {ShapeText.Of(logits)} and {ShapeText.Of(targets)}", nameof(logits));
        }

        ArgumentOutOfRangeException.ThrowIfNegative(labelSmoothing);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(labelSmoothing, 1);
        if (targets.numel() == 0)
            return;
        using var scope = NewDisposeScope();
        // outside of the table the native code must not be reached
        if (targets.min().item<long>() < 0 || targets.max().item<long>() >= logits.shape[2])
            throw new ArgumentOutOfRangeException(nameof(targets), $"ids must be in 0..{logits.shape[2] - 1}");
    }
}
