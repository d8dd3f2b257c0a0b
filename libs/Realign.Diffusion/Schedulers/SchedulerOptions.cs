namespace Realign.Diffusion.Schedulers;

/// <summary>Choices of one call, as opposed to those of a checkpoint. A scheduler ignores what it does not know.</summary>
public sealed record SchedulerOptions
{
    /// <summary>No added noise, no churn.</summary>
    public static SchedulerOptions Default { get; } = new();

    /// <summary>
    /// Share of fresh noise, 0..1. DDIM: 0 is deterministic, 1 draws as much noise as DDPM. TCD's gamma: 0 is deterministic, 1 draws all noise anew. Null =
    /// 0, with TCD 0.3.
    /// </summary>
    public double? Eta { get; init; }

    /// <summary>Spacing of the noise levels, for samplers that have a choice; null = the checkpoint's.</summary>
    public SigmaSpacing? Spacing { get; init; }

    /// <summary>Whether the model is of the XL family: its table of <see cref="SigmaSpacing.AlignYourSteps"/> is another one.</summary>
    public bool IsXl { get; init; }

    /// <summary>Order of multistep and singlestep solvers, 1..3; null = the checkpoint's.</summary>
    public int? SolverOrder { get; init; }

    /// <summary>DPM-Solver, multistep: as a stochastic equation.</summary>
    public bool IsStochastic { get; init; }

    /// <summary>DDIM: derive the noise from the clipped clean sample again.</summary>
    public bool UseClippedModelOutput { get; init; }

    /// <summary>Euler: total churn (Karras et al. 2022, algorithm 2).</summary>
    public double SChurn { get; init; }

    /// <summary>Euler: smallest sigma that is churned.</summary>
    public double STmin { get; init; }

    /// <summary>Euler: largest sigma that is churned.</summary>
    public double STmax { get; init; } = double.PositiveInfinity;

    /// <summary>Euler: factor on the churn noise.</summary>
    public double SNoise { get; init; } = 1;
}
