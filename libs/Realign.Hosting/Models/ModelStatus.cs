namespace Realign.Hosting.Models;

/// <summary>Where a model is in its life.</summary>
public enum ModelStatus
{
    /// <summary>Weights are being read or warmed up.</summary>
    Loading,

    /// <summary>Answers.</summary>
    Ready,

    /// <summary>Could not be loaded.</summary>
    Failed,

    /// <summary>Loaded, but one call has computed for far too long.</summary>
    Stalled,

    /// <summary>Taken away while the process serves, until it is loaded again.</summary>
    Unloaded,
}
