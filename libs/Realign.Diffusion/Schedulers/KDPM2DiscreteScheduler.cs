using static TorchSharp.torch;

namespace Realign.Diffusion.Schedulers;

/// <summary>The midpoint method in the logarithm of the noise level (DPM-Solver-2 as k-diffusion has it).</summary>
internal sealed class KDPM2DiscreteScheduler(SigmaSamplerConfig config, SchedulerOptions options)
    : SlopeScheduler(SchedulerKind.KDPM2Discrete, config, options)
{
    private protected override double Between(double from, double to) => Math.Sqrt(from * to);

    private protected override Tensor Finish(int index, Tensor slope, Tensor? noise) =>
        Combine((1, Start), (Sigma(index + 1) - Sigma(index - 1), slope));
}
