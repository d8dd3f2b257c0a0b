namespace Realign.Diffusion.Schedulers;

/// <summary>Noise of an ancestral step.</summary>
internal enum VarianceType
{
    /// <summary>The posterior's.</summary>
    FixedSmall,

    /// <summary>The posterior's, computed in its logarithm.</summary>
    FixedSmallLog,

    /// <summary>Beta.</summary>
    FixedLarge,
}
