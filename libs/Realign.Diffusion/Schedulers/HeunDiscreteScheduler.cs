using Realign.Torch;
using static TorchSharp.torch;

namespace Realign.Diffusion.Schedulers;

/// <summary>Heun's method: the mean of the slopes at both ends of a step (Karras et al. 2022, algorithm 1).</summary>
internal sealed class HeunDiscreteScheduler(SigmaSamplerConfig config, SchedulerOptions options)
    : TwoStageScheduler(SchedulerKind.HeunDiscrete, config, options)
{
    private protected override double Between(double from, double to) => to;

    private protected override (Tensor Previous, Tensor Original) Advance(Tensor output, int index, Tensor sample, Tensor? noise)
    {
        var sigma = Sigma(index);
        var original = Original(output, index, sample, sigma);
        var slope = sample.sub(original).div(Scalars.Of(sigma));
        if (IsSecond(index))
            return (Combine((1, Start), ((sigma - Sigma(index - 1)) / 2, Kept), ((sigma - Sigma(index - 1)) / 2, slope)), original);
        Keep(sample, slope);
        return (Combine((1, sample), (Sigma(index + 1) - sigma, slope)), original);
    }
}
