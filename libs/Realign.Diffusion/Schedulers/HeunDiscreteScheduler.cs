using static TorchSharp.torch;

namespace Realign.Diffusion.Schedulers;

/// <summary>Heun's method: the mean of the slopes at both ends of a step (Karras et al. 2022, algorithm 1).</summary>
internal sealed class HeunDiscreteScheduler(SigmaSamplerConfig config, SchedulerOptions options)
    : SlopeScheduler(SchedulerKind.HeunDiscrete, config, options)
{
    private protected override double Between(double from, double to) => to;

    private protected override Tensor Finish(int index, Tensor slope, Tensor? noise)
    {
        var half = (Sigma(index) - Sigma(index - 1)) / 2;
        return Combine((1, Start), (half, Kept), (half, slope));
    }
}
