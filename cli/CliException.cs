namespace Realign.Cli;

/// <summary>A failure the user can act on.</summary>
/// <param name="message">What is wrong, and what to do.</param>
/// <param name="exitCode">One of <see cref="ExitCodes"/>.</param>
internal sealed class CliException(string message, int exitCode) : Exception(message)
{
    public int ExitCode { get; } = exitCode;
}
