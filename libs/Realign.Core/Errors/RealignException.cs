namespace Realign.Core.Errors;

/// <summary>
/// A failure with a cause the caller can act on. The message says what is wrong; <see cref="WayOut"/> says what to do next.
/// Each subclass maps to one gRPC status at the service boundary.
/// </summary>
public abstract class RealignException(string message, string wayOut, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>What to do next, as a sentence.</summary>
    public string WayOut { get; } = wayOut;
}
