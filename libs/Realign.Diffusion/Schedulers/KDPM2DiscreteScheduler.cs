using Realign.Torch;
using static TorchSharp.torch;

namespace Realign.Diffusion.Schedulers;

/// <summary>The midpoint method in the logarithm of the noise level (DPM-Solver-2 as k-diffusion has it).</summary>
internal sealed class KDPM2DiscreteScheduler(SigmaSamplerConfig config, SchedulerOptions options)
    : TwoStageScheduler(SchedulerKind.KDPM2Discrete, config, options)
{
    private protected override double Between(double from, double to) => Math.Sqrt(from * to);

    private protected override (Tensor Previous, Tensor Original) Advance(Tensor output, int index, Tensor sample, Tensor? noise)
    {
        var sigma = Sigma(index);
        var original = Original(output, index, sample, sigma);
        var slope = sample.sub(original).div(Scalars.Of(sigma));
        if (IsSecond(index))
            return (Combine((1, Start), (Sigma(index + 1) - Sigma(index - 1), slope)), original);
        Keep(sample, slope);
        return (Combine((1, sample), (Sigma(index + 1) - sigma, slope)), original);
    }
}
