namespace Realign.Hosting.Models;

/// <summary>What kept a call from its answer.</summary>
public enum CallFailure
{
    /// <summary>The queue refused it or gave it up.</summary>
    Rejected,

    /// <summary>Its caller left.</summary>
    Canceled,

    /// <summary>The model failed.</summary>
    Backend,

    /// <summary>Its input cannot be used, or the process stops.</summary>
    Other,
}
