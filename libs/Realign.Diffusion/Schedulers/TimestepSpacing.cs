namespace Realign.Diffusion.Schedulers;

/// <summary>Which timesteps of training are visited (Lin et al. 2023, table 2).</summary>
internal enum TimestepSpacing
{
    /// <summary>Multiples of the step width, from an offset on.</summary>
    Leading,

    /// <summary>From the last timestep downwards.</summary>
    Trailing,

    /// <summary>From the last to the first, both included.</summary>
    Linspace,
}
