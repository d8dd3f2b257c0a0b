using Realign.Torch;
using static TorchSharp.torch;

namespace Realign.Diffusion.Schedulers;

/// <summary>What the Euler samplers share: latents x0 + sigma noise, scaled down for the denoiser.</summary>
internal abstract class EulerSchedulerBase(SchedulerKind kind, NoiseConfig config, SchedulerOptions options) : SigmaScheduler(kind, config, options)
{
    public override double InitNoiseSigma
    {
        get
        {
            var largest = Sigmas.Count > 0 ? Sigmas.Max() : Train.Largest;
            return Config.TimestepSpacing == TimestepSpacing.Leading ? Math.Sqrt((largest * largest) + 1) : largest;
        }
    }

    private protected double[] EulerTimesteps(int steps) => Config.TimestepSpacing switch
    {
        TimestepSpacing.Linspace => Array.ConvertAll(TrainingTimesteps.Linspace(TrainSteps, steps), time => (double)(float)time),
        TimestepSpacing.Leading => TrainingTimesteps.Leading(TrainSteps, steps, Config.StepsOffset),
        _ => TrainingTimesteps.Trailing(TrainSteps, steps),
    };

    // timesteps and noise levels of a run, without the final one
    private protected (double[] Times, double[] Sigmas) Levels(int steps, SigmaSpacing spacing)
    {
        var times = EulerTimesteps(steps);
        if (spacing == SigmaSpacing.Timesteps)
            return (times, Array.ConvertAll(times, Train.At));
        var sigmas = Spaced(spacing, Train.At(times[0]), Train.At(times[^1]), steps);
        return (Array.ConvertAll(sigmas, sigma => (double)(float)Train.TimeOf(sigma)), sigmas);
    }

    private protected override double InputScale(int index) => 1 / Math.Sqrt((Sigma(index) * Sigma(index)) + 1);

    private protected override (double Signal, double Noise) Mix(int index) => (1, Sigma(index));

    private protected Tensor Original(Tensor output, int index, Tensor sample, double sigma)
    {
        var level = Sigma(index);
        return Config.PredictionType switch
        {
            PredictionType.Epsilon => sample.sub(output.mul(Scalars.Of(sigma))),
            PredictionType.VPrediction => Combine((-level / Math.Sqrt((level * level) + 1), output), (1 / ((level * level) + 1), sample)),
            _ => output,
        };
    }
}
