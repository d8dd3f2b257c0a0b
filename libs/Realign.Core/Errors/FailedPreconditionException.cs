namespace Realign.Core.Errors;

/// <summary>The service is not in a state to answer, and asking again will not change that (FAILED_PRECONDITION).</summary>
/// <param name="message">What is wrong.</param>
/// <param name="wayOut">What to do next.</param>
/// <param name="field">Path of the field that could not be served, where it is one of several; null otherwise.</param>
public sealed class FailedPreconditionException(string message, string wayOut, string? field = null) : RealignException(message, wayOut)
{
    /// <summary>Path of the field that could not be served, e.g. <c>items[2]</c>; null where the whole call could not.</summary>
    public string? Field { get; } = field;
}
