using Realign.Torch;
using static TorchSharp.torch;

namespace Realign.Diffusion.Schedulers;

/// <summary>Ancestral sampling of denoising diffusion probabilistic models (Ho et al. 2020, Eq. 6 and 7), on any list of timesteps.</summary>
internal sealed class DDPMScheduler(DDPMConfig config, SchedulerOptions options) : Scheduler(SchedulerKind.DDPM, config.Noise, options)
{
    public override bool NeedsNoise(int stepIndex) => Timesteps[stepIndex] > 0;

    private protected override double[] Plan(int steps) => IntegerTimesteps(steps);

    private protected override (Tensor Previous, Tensor Original) Advance(Tensor output, int index, Tensor sample, Tensor? noise)
    {
        double alpha = Alphas[TrainIndex(index)];
        double alphaPrevious = index + 1 < Timesteps.Count ? Alphas[TrainIndex(index + 1)] : 1;
        var stepAlpha = alpha / alphaPrevious;
        var original = config.Limits.Apply(Prediction.Original(Config.PredictionType, output, sample, Math.Sqrt(alpha), Math.Sqrt(1 - alpha)));
        var mean = original.mul(Scalars.Of(Math.Sqrt(alphaPrevious) * (1 - stepAlpha) / (1 - alpha)))
            .add(sample.mul(Scalars.Of(Math.Sqrt(stepAlpha) * (1 - alphaPrevious) / (1 - alpha))));
        return (NeedsNoise(index) ? mean.add(noise!.mul(Scalars.Of(Math.Sqrt(Variance(alpha, alphaPrevious))))) : mean, original);
    }

    private double Variance(double alpha, double alphaPrevious)
    {
        var beta = 1 - (alpha / alphaPrevious);
        return config.VarianceType == VarianceType.FixedLarge ? beta : Math.Max((1 - alphaPrevious) / (1 - alpha) * beta, 1e-20);
    }
}
