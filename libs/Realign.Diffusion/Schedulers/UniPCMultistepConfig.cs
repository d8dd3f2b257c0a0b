namespace Realign.Diffusion.Schedulers;

/// <summary>Fields of <see cref="UniPCMultistepScheduler"/>. Names of other solvers become this one's, as in diffusers.</summary>
internal sealed record UniPCMultistepConfig
{
    public required NoiseConfig Noise { get; init; }

    public required SampleLimits Limits { get; init; }

    public UniPCSolverType SolverType { get; init; }

    /// <summary>1..3.</summary>
    public int SolverOrder { get; init; }

    /// <summary>Predict clean samples instead of noise.</summary>
    public bool PredictX0 { get; init; }

    /// <summary>Steps after which the corrector does not run.</summary>
    public IReadOnlyList<int> DisableCorrector { get; init; } = [];

    /// <summary>Lower the order at the end.</summary>
    public bool LowerOrderFinal { get; init; }

    public SigmaSpacing SigmaSpacing { get; init; }

    /// <summary>Whether the last sigma is the smallest of training instead of 0.</summary>
    public bool EndsAtSigmaMin { get; init; }

    public static UniPCMultistepConfig Read(SchedulerFields fields) => new()
    {
        Noise = NoiseConfig.Read(fields, SigmaScheduler.NoiseDefaults),
        Limits = SampleLimits.ReadThresholding(fields),
        SolverType = fields.OneOf("solver_type", UniPCSolverType.Bh2,
            ("bh1", UniPCSolverType.Bh1), ("bh2", UniPCSolverType.Bh2),
            ("midpoint", UniPCSolverType.Bh2), ("heun", UniPCSolverType.Bh2), ("logrho", UniPCSolverType.Bh2)),
        SolverOrder = fields.Reader.Int("solver_order", 2, min: 1, max: 3),
        PredictX0 = fields.Reader.Bool("predict_x0", true),
        DisableCorrector = fields.Reader.Ints("disable_corrector", [], min: 0),
        LowerOrderFinal = fields.Reader.Bool("lower_order_final", true),
        SigmaSpacing = fields.SigmaSpacing(),
        EndsAtSigmaMin = fields.EndsAtSigmaMin(),
    };
}
