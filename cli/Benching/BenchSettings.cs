namespace Realign.Cli.Benching;

/// <summary>How long is measured.</summary>
/// <param name="Deadline">Time that each call has, from when it is due.</param>
/// <param name="WarmUp">Time before the first window of a load.</param>
/// <param name="Window">Length of a window; it lasts longer where fewer than <see cref="FewestCalls"/> calls have ended.</param>
/// <param name="MostWindows">After so many a load that is not stable is left.</param>
internal sealed record BenchSettings(TimeSpan Deadline, TimeSpan WarmUp, TimeSpan Window, int MostWindows)
{
    /// <summary>Calls that end in a window at least, before <see cref="LongestWindow"/>.</summary>
    public const int FewestCalls = 5;

    /// <summary>A window ends after so many times its length, whatever has ended in it.</summary>
    public const int LongestWindow = 10;
}
