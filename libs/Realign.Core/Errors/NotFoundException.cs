namespace Realign.Core.Errors;

/// <summary>Something the caller named does not exist (NOT_FOUND).</summary>
public sealed class NotFoundException(string message, string wayOut) : RealignException(message, wayOut);
