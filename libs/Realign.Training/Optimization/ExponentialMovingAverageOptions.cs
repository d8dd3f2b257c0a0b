namespace Realign.Training.Optimization;

/// <summary>Settings of <see cref="ExponentialMovingAverage"/>; names and defaults of the reference (EMAModel of diffusers).</summary>
public sealed record ExponentialMovingAverageOptions
{
    /// <summary>Upper limit of the decay.</summary>
    /// <value>Default 0.9999; 0.995 for short runs.</value>
    public double Decay { get; init; } = 0.9999;

    /// <summary>Lower limit of the decay, from the second update on.</summary>
    /// <value>Default 0.</value>
    public double MinDecay { get; init; }

    /// <summary>Updates that only copy.</summary>
    /// <value>Default 0.</value>
    public int UpdateAfterStep { get; init; }

    /// <summary>1 - (1 + n / InverseGamma)^-Power instead of (1 + n) / (10 + n).</summary>
    /// <value>Default false.</value>
    public bool UseWarmup { get; init; }

    /// <summary>See <see cref="UseWarmup"/>.</summary>
    /// <value>Default 1.</value>
    public double InverseGamma { get; init; } = 1;

    /// <summary>See <see cref="UseWarmup"/>.</summary>
    /// <value>Default 2/3.</value>
    public double Power { get; init; } = 2.0 / 3;
}
