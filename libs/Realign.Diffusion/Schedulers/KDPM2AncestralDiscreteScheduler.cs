using Realign.Torch;
using static TorchSharp.torch;

namespace Realign.Diffusion.Schedulers;

/// <summary>The midpoint method to a lower noise level than wanted, then fresh noise up to it.</summary>
internal sealed class KDPM2AncestralDiscreteScheduler(SigmaSamplerConfig config, SchedulerOptions options)
    : TwoStageScheduler(SchedulerKind.KDPM2AncestralDiscrete, config, options)
{
    public override bool NeedsNoise(int stepIndex) => IsSecond(stepIndex);

    private protected override double Between(double from, double to) => Math.Sqrt(from * AncestralStep.Between(from, to).Down);

    private protected override (Tensor Previous, Tensor Original) Advance(Tensor output, int index, Tensor sample, Tensor? noise)
    {
        var sigma = Sigma(index);
        var original = Original(output, index, sample, sigma);
        var slope = sample.sub(original).div(Scalars.Of(sigma));
        if (IsSecond(index))
        {
            var (down, up) = AncestralStep.Between(Sigma(index - 1), Sigma(index + 1));
            return (Combine((1, Start), (down - Sigma(index - 1), slope), (up, noise!)), original);
        }

        Keep(sample, slope);
        return (Combine((1, sample), (Sigma(index + 1) - sigma, slope)), original);
    }
}
