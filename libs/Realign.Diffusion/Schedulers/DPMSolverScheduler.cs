using Realign.Torch;
using static TorchSharp.torch;

namespace Realign.Diffusion.Schedulers;

/// <summary>What DPM-Solver and DPM-Solver++ (Lu et al. 2022) share, multistep and singlestep: noise levels, and the outputs of the last questions.</summary>
internal abstract class DPMSolverScheduler : SigmaScheduler
{
    private readonly StepHistory _outputs;

    protected DPMSolverScheduler(SchedulerKind kind, DPMSolverConfig config, SchedulerOptions options)
        : base(kind, config.Noise, options)
    {
        Solver = config;
        _outputs = new StepHistory(config.SolverOrder);
        if (!PredictsOriginal && !config.EndsAtSigmaMin)
            throw NotSupported("final_sigmas_type", "zero with algorithm_type dpmsolver");
        if (config.SigmaSpacing == SigmaSpacing.Beta)
            throw NotSupported("use_beta_sigmas", "true");
    }

    private protected DPMSolverConfig Solver { get; }

    // newest first: clean samples, or noises
    private protected StepHistory Outputs => _outputs;

    private protected bool PredictsOriginal => Solver.Algorithm != DPMSolverAlgorithm.DPMSolver;

    private protected override double[] Plan(int steps)
    {
        if (Solver.SigmaSpacing == SigmaSpacing.Timesteps)
        {
            var times = TrainingTimes(steps);
            SetSigmas(times.Select(Train.At), Solver.EndsAtSigmaMin);
            return times;
        }

        var sigmas = Spaced(Solver.SigmaSpacing, Train.Largest, Train.Smallest, steps);
        SetSigmas(sigmas, Solver.EndsAtSigmaMin);
        // the reference rounds the times of Karras and Lu spacing and truncates those of exponential spacing
        var rounded = Solver.SigmaSpacing == SigmaSpacing.Exponential ? (Func<double, double>)Math.Floor : Math.Round;
        return Array.ConvertAll(sigmas, sigma => rounded(Train.TimeOf(sigma)));
    }

    private protected virtual double[] TrainingTimes(int steps) => SolverTimesteps(steps);

    private protected override void Forget() => _outputs.Clear();

    private protected override (double Signal, double Noise) Mix(int index) => VariancePreserving(index);

    private protected override (Tensor Previous, Tensor Original) Advance(Tensor output, int index, Tensor sample, Tensor? noise)
    {
        var (alpha, sigma) = VariancePreserving(index);
        var original = Prediction.Original(Config.PredictionType, output, sample, alpha, sigma);
        original = Solver.Limits.Apply(original);
        _outputs.Add(PredictsOriginal ? original : Solver.Limits.Thresholding
            ? sample.sub(original.mul(Scalars.Of(alpha))).div(Scalars.Of(sigma))
            : Prediction.Noise(Config.PredictionType, output, sample, alpha, sigma));
        return (Solve(index, sample, noise), original);
    }

    private protected abstract Tensor Solve(int index, Tensor sample, Tensor? noise);

    // z: signed exponent of the form at hand; outputs enter with -scale * phi(z)
    private protected double SecondWeight(double z, double scale) =>
        PredictsOriginal ? scale * (((Math.Exp(z) - 1) / -z) + 1) : -scale * (((Math.Exp(z) - 1) / z) - 1);

    private protected static double ThirdWeight(double z, double scale) => -scale * (((Math.Exp(z) - 1 - z) / (z * z)) - 0.5);
}
