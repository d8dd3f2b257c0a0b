namespace Realign.Training.Optimization;

/// <summary>Settings of <see cref="LossScaler"/>.</summary>
public sealed record LossScalerOptions
{
    /// <summary>First scale.</summary>
    /// <value>Default 65536.</value>
    public double InitialScale { get; init; } = 65536;

    /// <summary>Factor after a run of good steps.</summary>
    /// <value>Default 2.</value>
    public double GrowthFactor { get; init; } = 2;

    /// <summary>Factor after an overflow.</summary>
    /// <value>Default 0.5.</value>
    public double BackoffFactor { get; init; } = 0.5;

    /// <summary>Good steps before the scale grows.</summary>
    /// <value>Default 2000.</value>
    public int GrowthInterval { get; init; } = 2000;
}
