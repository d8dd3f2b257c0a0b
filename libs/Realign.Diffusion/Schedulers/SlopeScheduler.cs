using Realign.Torch;
using static TorchSharp.torch;

namespace Realign.Diffusion.Schedulers;

/// <summary>Two-stage samplers whose first stage is Euler's method to the level of the second question: it leaves its slope for the second.</summary>
internal abstract class SlopeScheduler(SchedulerKind kind, SigmaSamplerConfig config, SchedulerOptions options) : TwoStageScheduler(kind, config, options)
{
    private protected sealed override (Tensor Previous, Tensor Original) Advance(Tensor output, int index, Tensor sample, Tensor? noise)
    {
        var sigma = Sigma(index);
        var original = Original(output, index, sample, sigma);
        var slope = sample.sub(original).div(Scalars.Of(sigma));
        if (IsSecond(index))
            return (Finish(index, slope, noise), original);
        Keep(sample, slope);
        return (Combine((1, sample), (Sigma(index + 1) - sigma, slope)), original);
    }

    // the whole step, from the sample it began with, by the slope of the second stage
    private protected abstract Tensor Finish(int index, Tensor slope, Tensor? noise);
}
