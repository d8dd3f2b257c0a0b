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

    // noise levels of a run without the final one
    private protected double[] Spaced(SigmaSpacing spacing, double largest, double smallest, int count)
    {
        if (spacing != SigmaSpacing.AlignYourSteps)
            return SigmaSchedule.Space(spacing, largest, smallest, count);
        return AlignYourSteps.Fit(Train)
            ? AlignYourSteps.Levels(Options.IsXl, count)
            : throw NotSupported("sigma_spacing", FormattableString.Invariant(
                $"ALIGN_YOUR_STEPS with this checkpoint, whose noise levels are {Train.Smallest:0.###} to {Train.Largest:0.###}, not 0.029 to 14.6"));
    }

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
}
