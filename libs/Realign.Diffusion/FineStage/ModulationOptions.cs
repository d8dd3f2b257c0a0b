namespace Realign.Diffusion.FineStage;

/// <summary>Strength and form of the re-weighting (RealignDiff, Eq. 7-10). The defaults are the recommended form.</summary>
public sealed record ModulationOptions
{
    /// <summary>w_c, strength in cross-attention, at least 0; 0 = untouched.</summary>
    public double CrossWeight { get; init; } = 1;

    /// <summary>w_s, strength in self-attention, at least 0; 0 = untouched.</summary>
    public double SelfWeight { get; init; } = 0.3;

    /// <summary>p in lambda_t = (t / T_train)^p, at least 0.</summary>
    public double SchedulePower { get; init; } = 5;

    /// <summary>Share of the steps that are modulated, from the noisiest on, 0..1.</summary>
    public double StepFraction { get; init; } = 0.3;

    /// <summary>kappa, how much less large segments are modulated, 0..1.</summary>
    public double AreaFactor { get; init; } = 1;

    /// <summary>Largest gain; up to 1 the logits stay in their range. Null = no bound, as published.</summary>
    public double? MaxGain { get; init; } = 0.95;

    /// <summary>What is pulled down.</summary>
    public NegativeSelector Negative { get; init; } = NegativeSelector.Safe;

    /// <summary>Whether the scores scale the pull upwards; false is DenseDiffusion.</summary>
    public bool UseScores { get; init; } = true;

    /// <summary>Tokens of two segments.</summary>
    public SharedTokens Shared { get; init; } = SharedTokens.Or;

    /// <summary>Masks at the size of a layer.</summary>
    public MaskSampling Sampling { get; init; } = MaskSampling.Area;

    /// <summary>Number of modulated steps: ceil(fraction * steps), the product rounded to 9 decimals first.</summary>
    public int ActiveSteps(int steps) => (int)Math.Ceiling(Math.Round(StepFraction * steps, 9));

    /// <summary>lambda_t.</summary>
    /// <param name="timestep">0..trainSteps.</param>
    /// <param name="trainSteps">Length of the training schedule.</param>
    public double Lambda(double timestep, int trainSteps) => Math.Pow(timestep / trainSteps, SchedulePower);
}
