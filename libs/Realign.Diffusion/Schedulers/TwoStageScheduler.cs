using static TorchSharp.torch;

namespace Realign.Diffusion.Schedulers;

/// <summary>
/// Samplers that ask the denoiser twice a step: at its noise level, and again where the first answer leads to. Even indices are first stages; the last
/// step, which ends without noise, has no second one. The list of sigmas holds the level of every question.
/// </summary>
internal abstract class TwoStageScheduler : EulerSchedulerBase
{
    private readonly SigmaSpacing _spacing;
    private Tensor? _start;
    private Tensor? _kept;

    protected TwoStageScheduler(SchedulerKind kind, SigmaSamplerConfig config, SchedulerOptions options)
        : base(kind, config.Noise, options)
    {
        _spacing = config.SigmaSpacing;
        if (_spacing == SigmaSpacing.LuLambdas)
            throw NotSupported("use_lu_lambdas", "true");
    }

    public override int Order => 2;

    private protected static bool IsSecond(int index) => index % 2 == 1;

    // the sample that the step began with
    private protected Tensor Start => _start!;

    // what the first stage left for the second
    private protected Tensor Kept => _kept!;

    private protected void Keep(Tensor start, Tensor kept)
    {
        StepHistory.Replace(ref _start, start);
        StepHistory.Replace(ref _kept, kept);
    }

    private protected override void Forget()
    {
        StepHistory.Replace(ref _start, null);
        StepHistory.Replace(ref _kept, null);
    }

    // level of the second question of a step between two levels
    private protected abstract double Between(double from, double to);

    private protected override double[] Plan(int steps)
    {
        var (times, sigmas) = Levels(steps, _spacing);
        var (questions, levels) = (new List<double> { times[0] }, new List<double> { sigmas[0] });
        for (var i = 1; i < steps; i++)
        {
            var between = Between(sigmas[i - 1], sigmas[i]);
            questions.AddRange([between.Equals(sigmas[i]) ? times[i] : (float)Train.TimeOf(between), times[i]]);
            levels.AddRange([between, sigmas[i]]);
        }

        SetSigmas(levels, endsAtSigmaMin: false);
        return [.. questions];
    }

    // only whole steps go down: a question may be asked at the level of the next step, or below it
    private protected override string? WrongWithPlan(double[] timesteps)
    {
        for (var i = 2; i < timesteps.Length; i += 2)
        {
            if (Sigma(i) >= Sigma(i - 2))
                return $"steps {i / 2} and {(i / 2) + 1} would have the same noise level";
        }

        return timesteps.Max() < TrainSteps ? null : $"the run would start at timestep {timesteps.Max()} of 0..{TrainSteps - 1}";
    }
}
