namespace Realign.Core.Errors;

/// <summary>The service or one it depends on does not answer now, but may later (UNAVAILABLE).</summary>
public sealed class UnavailableException(string message, string wayOut, Exception? inner = null) : RealignException(message, wayOut, inner);
