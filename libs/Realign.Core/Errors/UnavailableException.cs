namespace Realign.Core.Errors;

/// <summary>The service or one it depends on does not answer now, but may later (UNAVAILABLE).</summary>
public sealed class UnavailableException(string message, string wayOut, Exception? inner = null) : RealignException(message, wayOut, inner)
{
    /// <summary>Reason of a model that one call keeps busy for far too long: waiting does not help.</summary>
    public const string ModelStalled = "MODEL_STALLED";

    /// <summary>Reason of a model that was taken away: another replica may have it.</summary>
    public const string ModelUnloaded = "MODEL_UNLOADED";

    /// <summary>Reason in the status, for programs.</summary>
    public string Reason { get; init; } = "UNAVAILABLE";
}
