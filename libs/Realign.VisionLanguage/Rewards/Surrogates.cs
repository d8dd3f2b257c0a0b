using Realign.Torch;
using static TorchSharp.torch;

namespace Realign.VisionLanguage.Rewards;

/// <summary>
/// Differentiable stand-ins for the caption reward of Eq. 4, which itself has no gradient: decoding is piecewise constant in the
/// image (algorithms 1.3). All are losses to minimise.
/// </summary>
public static class Surrogates
{
    /// <summary>A: minus the mean log-likelihood of the prompts. (B) per-text means -> scalar.</summary>
    public static Tensor TeacherForced(Tensor meanLogProbabilities) => meanLogProbabilities.mean().neg_();

    /// <summary>
    /// B: the caption as soft one-hot vectors times an embedding table, straight through: the value is that of the caption's own
    /// tokens, the gradient that of the probabilities.
    /// </summary>
    /// <param name="logits">(B, T, V) that predict the caption's tokens.</param>
    /// <param name="ids">int64 (B, T) caption.</param>
    /// <param name="table">(V', E) with V' at most V.</param>
    /// <returns>(B, T, E)</returns>
    public static Tensor SoftEmbeddings(Tensor logits, Tensor ids, Tensor table)
    {
        using var scope = NewDisposeScope();
        var probabilities = logits.to(ScalarType.Float32).softmax(-1);
        var soft = zeros_like(probabilities).scatter_(2, ids.unsqueeze(-1), ones_like(ids.unsqueeze(-1)).to(probabilities.dtype))
            .add(probabilities).sub(probabilities.detach()).narrow(2, 0, table.shape[0]);
        return nn.functional.linear(soft, table.t().to(soft.dtype)).MoveToOuterDisposeScope();
    }

    /// <summary>C: score function of sampled captions with leave-one-out baselines; unbiased for the expected reward.</summary>
    /// <param name="sequenceLogProbabilities">(B, m) sums of each caption's token log-probabilities.</param>
    /// <param name="rewards">(B, m) or (m), constants.</param>
    /// <returns>Scalar.</returns>
    public static Tensor ScoreFunction(Tensor sequenceLogProbabilities, Tensor rewards)
    {
        using var scope = NewDisposeScope();
        var samples = rewards.shape[^1];
        if (samples < 2)
            throw new ArgumentException("a leave-one-out baseline needs at least 2 samples", nameof(rewards));
        var baselines = rewards.sum(-1, keepdim: true).sub(rewards).div(Scalars.Of(samples - 1));
        return rewards.sub(baselines).mul(sequenceLogProbabilities).mean([-1]).mean().neg().MoveToOuterDisposeScope();
    }
}
