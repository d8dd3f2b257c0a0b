using static TorchSharp.torch;

namespace Realign.Diffusion.Schedulers;

/// <summary>The midpoint method to a lower noise level than wanted, then fresh noise up to it.</summary>
internal sealed class KDPM2AncestralDiscreteScheduler(SigmaSamplerConfig config, SchedulerOptions options)
    : SlopeScheduler(SchedulerKind.KDPM2AncestralDiscrete, config, options)
{
    public override bool NeedsNoise(int stepIndex) => IsSecond(stepIndex);

    private protected override double Between(double from, double to) => Math.Sqrt(from * AncestralStep.Between(from, to).Down);

    private protected override Tensor Finish(int index, Tensor slope, Tensor? noise)
    {
        var (down, up) = AncestralStep.Between(Sigma(index - 1), Sigma(index + 1));
        return Combine((1, Start), (down - Sigma(index - 1), slope), (up, noise!));
    }
}
