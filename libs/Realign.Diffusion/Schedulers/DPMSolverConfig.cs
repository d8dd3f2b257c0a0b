namespace Realign.Diffusion.Schedulers;

/// <summary>
/// Fields of <see cref="DPMSolverMultistepScheduler"/> and <see cref="DPMSolverSinglestepScheduler"/>. Names of other solvers become theirs, as in diffusers.
/// </summary>
internal sealed record DPMSolverConfig
{
    public required NoiseConfig Noise { get; init; }

    public required SampleLimits Limits { get; init; }

    public DPMSolverAlgorithm Algorithm { get; init; }

    public DPMSolverType SolverType { get; init; }

    /// <summary>1..3.</summary>
    public int SolverOrder { get; init; }

    /// <summary>Lower the order at the end: multistep of short schedules, singlestep of all.</summary>
    public bool LowerOrderFinal { get; init; }

    /// <summary>Always end with an Euler step.</summary>
    public bool EulerAtFinal { get; init; }

    public SigmaSpacing SigmaSpacing { get; init; }

    /// <summary>Whether the last sigma is the smallest of training instead of 0.</summary>
    public bool EndsAtSigmaMin { get; init; }

    public static DPMSolverConfig ReadMultistep(SchedulerFields fields) => Read(fields, lowersOrder: true);

    public static DPMSolverConfig ReadSinglestep(SchedulerFields fields) => Read(fields, lowersOrder: false);

    private static DPMSolverConfig Read(SchedulerFields fields, bool lowersOrder) => new()
    {
        Noise = NoiseConfig.Read(fields, SigmaScheduler.NoiseDefaults),
        Limits = SampleLimits.ReadThresholding(fields),
        Algorithm = fields.OneOf("algorithm_type", DPMSolverAlgorithm.DPMSolverPlusPlus,
            ("dpmsolver++", DPMSolverAlgorithm.DPMSolverPlusPlus), ("dpmsolver", DPMSolverAlgorithm.DPMSolver),
            ("sde-dpmsolver++", DPMSolverAlgorithm.StochasticDPMSolverPlusPlus), ("deis", DPMSolverAlgorithm.DPMSolverPlusPlus)),
        SolverType = fields.OneOf("solver_type", DPMSolverType.Midpoint,
            ("midpoint", DPMSolverType.Midpoint), ("heun", DPMSolverType.Heun),
            ("logrho", DPMSolverType.Midpoint), ("bh1", DPMSolverType.Midpoint), ("bh2", DPMSolverType.Midpoint)),
        SolverOrder = fields.Reader.Int("solver_order", 2, min: 1, max: 3),
        LowerOrderFinal = fields.Reader.Bool("lower_order_final", lowersOrder),
        EulerAtFinal = fields.Reader.Bool("euler_at_final", false),
        SigmaSpacing = fields.SigmaSpacing(),
        EndsAtSigmaMin = fields.EndsAtSigmaMin(),
    };
}
