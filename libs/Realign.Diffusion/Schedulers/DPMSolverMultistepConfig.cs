namespace Realign.Diffusion.Schedulers;

/// <summary>Fields of <see cref="DPMSolverMultistepScheduler"/>. Names of other solvers become this one's, as in diffusers.</summary>
internal sealed record DPMSolverMultistepConfig
{
    public required NoiseConfig Noise { get; init; }

    public required SampleLimits Limits { get; init; }

    public DPMSolverAlgorithm Algorithm { get; init; }

    public DPMSolverType SolverType { get; init; }

    /// <summary>1..3.</summary>
    public int SolverOrder { get; init; }

    /// <summary>Lower the order at the end of short schedules.</summary>
    public bool LowerOrderFinal { get; init; }

    /// <summary>Always end with an Euler step.</summary>
    public bool EulerAtFinal { get; init; }

    public SigmaSpacing SigmaSpacing { get; init; }

    /// <summary>Whether the last sigma is the smallest of training instead of 0.</summary>
    public bool EndsAtSigmaMin { get; init; }

    public static DPMSolverMultistepConfig Read(SchedulerFields fields) => new()
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
        LowerOrderFinal = fields.Reader.Bool("lower_order_final", true),
        EulerAtFinal = fields.Reader.Bool("euler_at_final", false),
        SigmaSpacing = fields.SigmaSpacing(),
        EndsAtSigmaMin = fields.EndsAtSigmaMin(),
    };
}
