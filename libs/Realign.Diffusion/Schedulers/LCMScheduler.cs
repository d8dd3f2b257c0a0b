using Realign.Core.Errors;
using Realign.Torch;
using static TorchSharp.torch;

namespace Realign.Diffusion.Schedulers;

/// <summary>Multistep sampling of latent consistency models (Luo et al. 2023): jump to the clean sample, noise it again, repeat.</summary>
internal sealed class LCMScheduler(SchedulerConfig config, SchedulerOptions options)
    : Scheduler(config, "leading", options, new SchedulerConfig { BetaStart = 0.00085, BetaEnd = 0.012, BetaSchedule = "scaled_linear" })
{
    // standard deviation of the data in the boundary condition (Song et al. 2023)
    private const double SigmaData = 0.5;

    public override bool NeedsNoise(int stepIndex) => stepIndex < Timesteps.Count - 1;

    private protected override double[] Plan(int steps)
    {
        var taught = Config.OriginalInferenceSteps;
        if (steps > taught || taught > TrainSteps)
            throw new InvalidInputException("num_inference_steps", $"{steps}", "more steps than the model was distilled from", $"use 1 to {Math.Min(taught, TrainSteps)} steps");
        var width = TrainSteps / taught;
        return [.. Enumerable.Range(0, steps).Select(i => (double)(((taught - (int)(i * ((double)taught / steps))) * width) - 1))];
    }

    private protected override (Tensor Previous, Tensor Original) Advance(Tensor output, int index, Tensor sample, Tensor? noise)
    {
        double alpha = Alphas[TrainIndex(index)];
        var scaled = Timesteps[index] * Config.TimestepScaling;
        var skip = SigmaData * SigmaData / ((scaled * scaled) + (SigmaData * SigmaData));
        var pass = scaled / Math.Sqrt((scaled * scaled) + (SigmaData * SigmaData));
        var original = Prediction.Limit(
            Prediction.Original(Config.PredictionType, output, sample, Math.Sqrt(alpha), Math.Sqrt(1 - alpha)), Config, Config.ClipSample ?? false);
        var denoised = original.mul(Scalars.Of(pass)).add(sample.mul(Scalars.Of(skip)));
        if (!NeedsNoise(index))
            return (denoised.alias(), denoised);
        double next = Alphas[TrainIndex(index + 1)];
        return (denoised.mul(Scalars.Of(Math.Sqrt(next))).add(noise!.mul(Scalars.Of(Math.Sqrt(1 - next)))), denoised);
    }
}
