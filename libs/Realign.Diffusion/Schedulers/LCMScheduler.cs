using Realign.Torch;
using static TorchSharp.torch;

namespace Realign.Diffusion.Schedulers;

/// <summary>Multistep sampling of latent consistency models (Luo et al. 2023): jump to the clean sample, noise it again, repeat.</summary>
internal sealed class LCMScheduler(LCMConfig config, SchedulerOptions options) : Scheduler(SchedulerKind.LCM, config.Noise, options)
{
    // standard deviation of the data in the boundary condition (Song et al. 2023)
    private const double SigmaData = 0.5;

    public override bool NeedsNoise(int stepIndex) => stepIndex < Timesteps.Count - 1;

    private protected override double[] Plan(int steps) => TrainingTimesteps.Distilled(TrainSteps, config.OriginalInferenceSteps, steps);

    private protected override (Tensor Previous, Tensor Original) Advance(Tensor output, int index, Tensor sample, Tensor? noise)
    {
        double alpha = Alphas[TrainIndex(index)];
        var scaled = Timesteps[index] * config.TimestepScaling;
        var skip = SigmaData * SigmaData / ((scaled * scaled) + (SigmaData * SigmaData));
        var pass = scaled / Math.Sqrt((scaled * scaled) + (SigmaData * SigmaData));
        var original = config.Limits.Apply(Prediction.Original(Config.PredictionType, output, sample, Math.Sqrt(alpha), Math.Sqrt(1 - alpha)));
        var denoised = original.mul(Scalars.Of(pass)).add(sample.mul(Scalars.Of(skip)));
        if (!NeedsNoise(index))
            return (denoised.alias(), denoised);
        double next = Alphas[TrainIndex(index + 1)];
        return (denoised.mul(Scalars.Of(Math.Sqrt(next))).add(noise!.mul(Scalars.Of(Math.Sqrt(1 - next)))), denoised);
    }
}
