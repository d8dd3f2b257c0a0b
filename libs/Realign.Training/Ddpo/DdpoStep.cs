using Realign.Torch;
using Realign.Training.Sampling;
using static TorchSharp.torch;

namespace Realign.Training.Ddpo;

/// <summary>
/// Denoising as a policy (Black et al. 2023): a DDIM step with eta = 1 is a Gaussian, its log-probability is averaged over elements.
/// Everything in float64: the clip range of the ratio is 1e-4.
/// </summary>
public static class DdpoStep
{
    private static readonly double LogRootTwoPi = 0.5 * Math.Log(2 * Math.PI);

    /// <summary>Where the step would land without noise.</summary>
    /// <param name="step">A step of <see cref="LinearSampler.Ddim"/> with eta = 1.</param>
    /// <param name="latents">(B, C, h, w)</param>
    /// <param name="prediction">Predicted noise, same shape.</param>
    public static Tensor Mean(LinearStep step, Tensor latents, Tensor prediction)
    {
        using var scope = NewDisposeScope();
        return latents.to(ScalarType.Float64).mul(Scalars.Of(step.Sample)).add(prediction.to(ScalarType.Float64).mul(Scalars.Of(step.Prediction)))
            .MoveToOuterDisposeScope();
    }

    /// <summary>Log-probability of the next latents, averaged over elements. Differentiable in the prediction.</summary>
    /// <param name="step">As in <see cref="Mean"/>; needs noise above 0.</param>
    /// <param name="latents">(B, C, h, w)</param>
    /// <param name="prediction">Predicted noise.</param>
    /// <param name="nextLatents">What was sampled, a constant.</param>
    /// <returns>(B) float64</returns>
    public static Tensor LogProbability(LinearStep step, Tensor latents, Tensor prediction, Tensor nextLatents)
    {
        if (!(step.Noise > 0))
            throw new ArgumentOutOfRangeException(nameof(step), step.Noise, "a step without noise has no density");
        using var scope = NewDisposeScope();
        var distance = nextLatents.detach().to(ScalarType.Float64).sub(Mean(step, latents, prediction));
        var density = distance.square().div(Scalars.Of(-2 * step.Noise * step.Noise)).sub(Scalars.Of(Math.Log(step.Noise) + LogRootTwoPi));
        return density.flatten(1).mean([1]).MoveToOuterDisposeScope();
    }

    /// <summary>Clipped surrogate: mean of max(-A r, -A clip(r, 1 - range, 1 + range)).</summary>
    /// <param name="ratio">(B), new over old probability.</param>
    /// <param name="advantages">(B), constants.</param>
    /// <param name="clipRange">1e-4 when published.</param>
    /// <param name="advantageClip">Advantages are limited to plus or minus this; 5 when published.</param>
    public static Tensor Loss(Tensor ratio, Tensor advantages, double clipRange, double advantageClip)
    {
        if (!ratio.shape.SequenceEqual(advantages.shape))
            throw new ArgumentException($"{ratio.numel()} ratios for {advantages.numel()} advantages", nameof(ratio));
        using var scope = NewDisposeScope();
        var limited = advantages.detach().to(ratio.dtype).clamp(Scalars.Of(-advantageClip), Scalars.Of(advantageClip)).neg();
        return maximum(limited.mul(ratio), limited.mul(ratio.clamp(Scalars.Of(1 - clipRange), Scalars.Of(1 + clipRange)))).mean().MoveToOuterDisposeScope();
    }
}
