using Realign.Torch;
using static TorchSharp.torch;

namespace Realign.Diffusion.Schedulers;

/// <summary>Denoising diffusion implicit models (Song et al. 2021, Eq. 12 and 16).</summary>
internal sealed class DDIMScheduler(DDIMConfig config, SchedulerOptions options) : Scheduler(SchedulerKind.DDIM, config.Noise, options)
{
    public override bool HasEta => true;

    public override bool NeedsNoise(int stepIndex) => Eta > 0;

    private double Eta => Options.Eta ?? 0;

    private protected override double[] Plan(int steps) => IntegerTimesteps(steps);

    private protected override (Tensor Previous, Tensor Original) Advance(Tensor output, int index, Tensor sample, Tensor? noise)
    {
        // the step width is that of even spacing, whatever the next entry of the list is
        var previousTime = (int)Timesteps[index] - (TrainSteps / InferenceSteps);
        double alpha = Alphas[TrainIndex(index)];
        double alphaPrevious = previousTime >= 0 ? Alphas[previousTime] : config.SetAlphaToOne ? 1 : Alphas[0];
        var (signal, sigma) = (Math.Sqrt(alpha), Math.Sqrt(1 - alpha));
        var original = config.Limits.Apply(Prediction.Original(Config.PredictionType, output, sample, signal, sigma));
        var direction = Options.UseClippedModelOutput
            ? sample.sub(original.mul(Scalars.Of(signal))).div(Scalars.Of(sigma))
            : Prediction.Noise(Config.PredictionType, output, sample, signal, sigma);
        var variance = Eta * Eta * (1 - alphaPrevious) / (1 - alpha) * (1 - (alpha / alphaPrevious));
        var previous = original.mul(Scalars.Of(Math.Sqrt(alphaPrevious))).add(direction.mul(Scalars.Of(Math.Sqrt(Math.Max(0, 1 - alphaPrevious - variance)))));
        return (Eta > 0 ? previous.add(noise!.mul(Scalars.Of(Math.Sqrt(Math.Max(0, variance))))) : previous, original);
    }
}
