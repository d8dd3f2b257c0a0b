using Realign.Core.Errors;

namespace Realign.Diffusion.Schedulers;

/// <summary>What a call chooses of a solver, in place of the checkpoint's config.</summary>
/// <param name="options">Choices of the call.</param>
internal sealed class SolverChoice(SchedulerOptions options)
{
    private static readonly SchedulerKind[] Spaced =
    [
        SchedulerKind.EulerDiscrete, SchedulerKind.HeunDiscrete, SchedulerKind.LMSDiscrete, SchedulerKind.KDPM2Discrete, SchedulerKind.KDPM2AncestralDiscrete,
        SchedulerKind.DPMSolverSDE, SchedulerKind.DPMSolver2SAncestral, SchedulerKind.DPMSolverMultistep, SchedulerKind.DPMSolverSinglestep,
        SchedulerKind.UniPCMultistep, SchedulerKind.DEISMultistep,
    ];

    private static readonly SchedulerKind[] Ordered =
        [SchedulerKind.DPMSolverMultistep, SchedulerKind.DPMSolverSinglestep, SchedulerKind.UniPCMultistep, SchedulerKind.DEISMultistep];

    /// <summary>Refuses what the sampler knows nothing of.</summary>
    /// <exception cref="InvalidInputException">A choice means nothing to it.</exception>
    public void Check(SchedulerKind kind)
    {
        if (options.Spacing is { } spacing && !Spaced.Contains(kind))
            throw Meaningless("sigma_spacing", $"{spacing}", kind, "has no choice of noise levels", Spaced);
        if (options.SolverOrder is { } order && !Ordered.Contains(kind))
            throw Meaningless("solver_order", $"{order}", kind, "has one order", Ordered);
        if (options.IsStochastic && kind != SchedulerKind.DPMSolverMultistep)
            throw Meaningless("stochastic", "true", kind, "has one form", [SchedulerKind.DPMSolverMultistep]);
    }

    public EulerDiscreteConfig Of(EulerDiscreteConfig config) => options.Spacing is { } spacing
        ? config with { SigmaSpacing = spacing, LogLinear = config.LogLinear && spacing == SigmaSpacing.Timesteps }
        : config;

    public SigmaSamplerConfig Of(SigmaSamplerConfig config) => config with { SigmaSpacing = options.Spacing ?? config.SigmaSpacing };

    public DEISMultistepConfig Of(DEISMultistepConfig config) => config with
    {
        SigmaSpacing = options.Spacing ?? config.SigmaSpacing,
        SolverOrder = options.SolverOrder ?? config.SolverOrder,
    };

    public UniPCMultistepConfig Of(UniPCMultistepConfig config) => config with
    {
        SigmaSpacing = options.Spacing ?? config.SigmaSpacing,
        SolverOrder = options.SolverOrder ?? config.SolverOrder,
    };

    public DPMSolverConfig Of(DPMSolverConfig config) => config with
    {
        SigmaSpacing = options.Spacing ?? config.SigmaSpacing,
        SolverOrder = options.SolverOrder ?? config.SolverOrder,
        Algorithm = options.IsStochastic ? DPMSolverAlgorithm.StochasticDPMSolverPlusPlus : config.Algorithm,
    };

    private static InvalidInputException Meaningless(string field, string value, SchedulerKind kind, string problem, IEnumerable<SchedulerKind> others) =>
        new(field, value, $"{kind.ClassName()} {problem}", $"leave it out, or use {string.Join(", ", others)}");
}
