namespace Realign.Diffusion.Schedulers;

/// <summary>Second-order rule.</summary>
internal enum DPMSolverType
{
    /// <summary>Midpoint.</summary>
    Midpoint,

    /// <summary>Heun.</summary>
    Heun,
}
