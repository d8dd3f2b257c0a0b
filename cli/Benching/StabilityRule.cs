namespace Realign.Cli.Benching;

/// <summary>
/// When a load has been measured long enough, as perf_analyzer decides: in the last three windows the largest and the smallest throughput, and
/// the largest and the smallest mean latency, differ by ten per cent at most.
/// </summary>
internal static class StabilityRule
{
    /// <summary>How many windows are compared; the figures are those of all of them.</summary>
    public const int Windows = 3;

    private const double MostRatio = 1.1;

    /// <summary>Whether the last windows agree.</summary>
    public static bool IsStable(IReadOnlyList<LoadWindow> windows)
    {
        var last = windows.TakeLast(Windows).Select(window => window.Figures).ToList();
        return last.Count == Windows && last.TrueForAll(figures => figures.Latency is not null)
            && IsEven(last.Select(figures => figures.Goodput)) && IsEven(last.Select(figures => figures.Latency!.Mean));
    }

    /// <summary>Whether no call has ended well for so long that none will.</summary>
    public static bool IsHopeless(IReadOnlyList<LoadWindow> windows) =>
        windows.Count >= Windows && windows.TakeLast(Windows).All(window => window.Figures.Ok == 0);

    private static bool IsEven(IEnumerable<double> values)
    {
        var (least, most) = (double.MaxValue, 0.0);
        foreach (var value in values)
            (least, most) = (Math.Min(least, value), Math.Max(most, value));
        return most <= MostRatio * least;
    }
}
