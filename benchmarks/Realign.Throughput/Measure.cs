using System.Diagnostics;

namespace Realign.Throughput;

/// <summary>Times two things in turns, so that a busy machine slows both, and takes the middle of the ratios.</summary>
internal static class Measure
{
    private const int Rounds = 9;

    /// <summary>Median seconds of one run of each, and median of (second / first) within each round.</summary>
    public static (double First, double Second, double Ratio) InTurns(Action first, Action second)
    {
        first();
        second();
        var rounds = Enumerable.Range(0, Rounds).Select(_ => (First: Seconds(first), Second: Seconds(second))).ToList();
        return (Median(rounds.Select(round => round.First)), Median(rounds.Select(round => round.Second)),
            Median(rounds.Select(round => round.Second / round.First)));
    }

    private static double Seconds(Action action)
    {
        var start = Stopwatch.GetTimestamp();
        action();
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    private static double Median(IEnumerable<double> values) => values.Order().ElementAt(Rounds / 2);
}
