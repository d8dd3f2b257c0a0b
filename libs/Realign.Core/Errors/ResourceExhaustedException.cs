namespace Realign.Core.Errors;

/// <summary>A queue is full or memory ran out (RESOURCE_EXHAUSTED with RetryInfo).</summary>
public sealed class ResourceExhaustedException(string message, string wayOut, TimeSpan retryAfter) : RealignException(message, wayOut)
{
    /// <summary>When it makes sense to ask again.</summary>
    public TimeSpan RetryAfter { get; } = retryAfter;
}
