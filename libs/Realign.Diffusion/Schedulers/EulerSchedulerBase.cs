using Realign.Torch;
using static TorchSharp.torch;

namespace Realign.Diffusion.Schedulers;

/// <summary>What the Euler samplers share: latents x0 + sigma noise, scaled down for the denoiser.</summary>
internal abstract class EulerSchedulerBase(SchedulerConfig config, SchedulerOptions options) : SigmaScheduler(config, options)
{
    public override double InitNoiseSigma
    {
        get
        {
            var largest = Sigmas.Count > 0 ? Sigmas.Max() : Train.Largest;
            return Spacing == "leading" ? Math.Sqrt((largest * largest) + 1) : largest;
        }
    }

    private protected double[] EulerTimesteps(int steps) => Spacing switch
    {
        "linspace" => Array.ConvertAll(TimestepSpacing.Linspace(TrainSteps, steps), time => (double)(float)time),
        "leading" => TimestepSpacing.Leading(TrainSteps, steps, Config.StepsOffset),
        _ => TimestepSpacing.Trailing(TrainSteps, steps),
    };

    private protected override double InputScale(int index) => 1 / Math.Sqrt((Sigma(index) * Sigma(index)) + 1);

    private protected override (double Signal, double Noise) Mix(int index) => (1, Sigma(index));

    private protected Tensor Original(Tensor output, int index, Tensor sample, double sigma)
    {
        var level = Sigma(index);
        return Config.PredictionType switch
        {
            "epsilon" => sample.sub(output.mul(Scalars.Of(sigma))),
            "v_prediction" => Combine((-level / Math.Sqrt((level * level) + 1), output), (1 / ((level * level) + 1), sample)),
            _ => output,
        };
    }
}
