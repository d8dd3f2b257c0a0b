namespace Realign.Evaluation;

/// <summary>A failure the user can act on.</summary>
/// <param name="message">What is wrong, and what to do.</param>
/// <param name="exitCode">What the process ends with, as all of <c>realign</c>.</param>
internal sealed class EvaluationException(string message, int exitCode) : Exception(message)
{
    public const int Failure = 1;
    public const int Usage = 2;
    public const int Unavailable = 3;
    public const int NotThere = 5;

    public int ExitCode { get; } = exitCode;
}
