using Realign.Torch;
using static TorchSharp.torch;

namespace Realign.Diffusion.Schedulers;

/// <summary>Samplers that think in noise levels: the list of sigmas has one entry more than there are steps.</summary>
internal abstract class SigmaScheduler : Scheduler
{
    private double[] _sigmas = [];

    protected SigmaScheduler(SchedulerKind kind, NoiseConfig config, SchedulerOptions options)
        : base(kind, config, options)
    {
        // an infinite sigma cannot be computed with: 2^-24 is the smallest alpha that can
        if (config.RescaleBetasZeroSnr)
            Alphas[^1] = MathF.ScaleB(1, -24);
        Train = new SigmaSchedule(Alphas);
    }

    /// <summary>Values of fields that a file lacks.</summary>
    public static NoiseConfig NoiseDefaults { get; } = new() { TimestepSpacing = TimestepSpacing.Linspace };

    public override IReadOnlyList<double> Sigmas => _sigmas;

    private protected SigmaSchedule Train { get; }

    private protected void SetSigmas(IEnumerable<double> sigmas, bool endsAtSigmaMin) =>
        // single precision, as the reference keeps them
        _sigmas = [.. sigmas.Append(endsAtSigmaMin ? Train.Smallest : 0).Select(sigma => (double)(float)sigma)];

    // rounding can put two steps of a long run on one noise level: the solvers divide by their distance
    private protected override string? WrongWithPlan(double[] timesteps)
    {
        for (var i = 1; i < timesteps.Length; i++)
        {
            if (_sigmas[i] >= _sigmas[i - 1])
                return base.WrongWithPlan(timesteps) ?? $"steps {i} and {i + 1} would have the same noise level";
        }

        return base.WrongWithPlan(timesteps);
    }

    private protected double Sigma(int index) => _sigmas[index];

    // timesteps of the multistep solvers: one more than asked for, and the last (0) left out
    private protected double[] SolverTimesteps(int steps) => Config.TimestepSpacing switch
    {
        TimestepSpacing.Linspace => Array.ConvertAll(TrainingTimesteps.Linspace(TrainSteps, steps + 1)[..^1], Math.Round),
        TimestepSpacing.Leading => Array.ConvertAll(TrainingTimesteps.Leading(TrainSteps, steps + 1, 0)[..^1], time => time + Config.StepsOffset),
        _ => TrainingTimesteps.Trailing(TrainSteps, steps),
    };

    // sample = alpha x0 + sigma noise with alpha^2 + sigma^2 = 1
    private protected (double Alpha, double Sigma) VariancePreserving(int index)
    {
        var alpha = 1 / Math.Sqrt((_sigmas[index] * _sigmas[index]) + 1);
        return (alpha, _sigmas[index] * alpha);
    }

    // half the logarithm of the signal-to-noise ratio
    private protected double Lambda(int index) => -Math.Log(_sigmas[index]);

    private protected static Tensor Combine(params ReadOnlySpan<(double Factor, Tensor Tensor)> terms)
    {
        var sum = terms[0].Tensor.mul(Scalars.Of(terms[0].Factor));
        foreach (var (factor, term) in terms[1..])
            sum = sum.add(term.mul(Scalars.Of(factor)));
        return sum;
    }
}
