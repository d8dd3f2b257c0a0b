namespace Realign.Diffusion.Schedulers;

/// <summary>Fields of <see cref="DEISMultistepScheduler"/>. Names of other solvers become this one's, as in diffusers.</summary>
internal sealed record DEISMultistepConfig
{
    public required NoiseConfig Noise { get; init; }

    public required SampleLimits Limits { get; init; }

    /// <summary>1..3.</summary>
    public int SolverOrder { get; init; }

    /// <summary>Lower the order at the end of short schedules.</summary>
    public bool LowerOrderFinal { get; init; }

    public SigmaSpacing SigmaSpacing { get; init; }

    public static DEISMultistepConfig Read(SchedulerFields fields) => new()
    {
        Noise = NoiseConfig.Read(fields, SigmaScheduler.NoiseDefaults),
        Limits = SampleLimits.ReadThresholding(fields),
        SolverOrder = fields.Reader.Int("solver_order", 2, min: 1, max: 3),
        LowerOrderFinal = fields.Reader.Bool("lower_order_final", true),
        SigmaSpacing = fields.SigmaSpacing(),
    };
}
