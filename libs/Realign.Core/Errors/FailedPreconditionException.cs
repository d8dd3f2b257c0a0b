namespace Realign.Core.Errors;

/// <summary>The service is not in a state to answer, and asking again will not change that (FAILED_PRECONDITION).</summary>
public sealed class FailedPreconditionException(string message, string wayOut) : RealignException(message, wayOut);
