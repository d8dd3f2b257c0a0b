using static TorchSharp.torch;

namespace Realign.Diffusion.Schedulers;

/// <summary>
/// Trajectory consistency distillation (Zheng et al. 2024, algorithm 4): jump along the trajectory below the next noise level, by the share gamma of the
/// timestep, and come up to it with fresh noise.
/// </summary>
internal sealed class TCDScheduler(TCDConfig config, SchedulerOptions options) : Scheduler(SchedulerKind.TCD, config.Noise, options)
{
    // the authors' own
    private const double DefaultGamma = 0.3;

    public override bool HasEta => true;

    public override bool NeedsNoise(int stepIndex) => Gamma > 0 && stepIndex < Timesteps.Count - 1;

    private double Gamma => Options.Eta ?? DefaultGamma;

    private protected override double[] Plan(int steps) => TrainingTimesteps.Distilled(TrainSteps, config.OriginalInferenceSteps, steps);

    private protected override (Tensor Previous, Tensor Original) Advance(Tensor output, int index, Tensor sample, Tensor? noise)
    {
        var next = index + 1 < Timesteps.Count ? TrainIndex(index + 1) : 0;
        // single precision, as the reference computes it
        var below = (int)MathF.Floor((float)(1 - Gamma) * next);
        double alpha = Alphas[TrainIndex(index)];
        double alphaNext = Alphas[next];
        double alphaBelow = Alphas[below];
        var (signal, sigma) = (Math.Sqrt(alpha), Math.Sqrt(1 - alpha));
        var original = Prediction.Original(Config.PredictionType, output, sample, signal, sigma);
        var direction = Prediction.Noise(Config.PredictionType, output, sample, signal, sigma);
        var share = NeedsNoise(index) ? alphaNext / alphaBelow : 1;
        var factor = Math.Sqrt(share);
        var jumped = Combine((factor * Math.Sqrt(alphaBelow), original), (factor * Math.Sqrt(1 - alphaBelow), direction));
        return (NeedsNoise(index) ? Combine((1, jumped), (Math.Sqrt(1 - share), noise!)) : jumped, original);
    }
}
