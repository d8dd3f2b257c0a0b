using Microsoft.Extensions.Logging;

namespace Realign.Testing;

/// <summary>One line of a service's log.</summary>
/// <param name="Level">How bad it is.</param>
/// <param name="Category">Who wrote it.</param>
/// <param name="Text">The message, with the exception behind it where there is one.</param>
public sealed record LogEntry(LogLevel Level, string Category, string Text);
