using Realign.Torch;
using static TorchSharp.torch;

namespace Realign.Diffusion.Vae;

/// <summary>Diagonal Gaussian over latents (Kingma and Welling 2014). The caller's dispose scope owns the tensors.</summary>
/// <param name="Mean">(B, C, h, w)</param>
/// <param name="LogVariance">(B, C, h, w), within -30 .. 20.</param>
public sealed record LatentDistribution(Tensor Mean, Tensor LogVariance)
{
    private const double MinLogVariance = -30;
    private const double MaxLogVariance = 20;

    /// <summary>Standard deviation (B, C, h, w).</summary>
    public Tensor StandardDeviation() => LogVariance.mul(Scalars.Of(0.5)).exp();

    /// <summary>Mean plus standard deviation times noise; unscaled latents.</summary>
    public Tensor Sample(Tensor noise)
    {
        using var scope = NewDisposeScope();
        return Mean.addcmul(StandardDeviation(), noise, Scalars.Of(1)).MoveToOuterDisposeScope();
    }

    internal static LatentDistribution FromMoments(Tensor moments)
    {
        var halves = moments.chunk(2, 1);
        return new LatentDistribution(halves[0], halves[1].clamp(Scalars.Of(MinLogVariance), Scalars.Of(MaxLogVariance)));
    }
}
