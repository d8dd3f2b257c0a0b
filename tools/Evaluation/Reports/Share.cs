using Realign.Metrics.Statistics;

namespace Realign.Evaluation.Reports;

/// <summary>A share with its interval.</summary>
/// <param name="Hits">How many.</param>
/// <param name="Count">Of how many.</param>
/// <param name="Value">Hits / count, 0..1.</param>
/// <param name="Low">Lower end of the 95 % interval (Wilson).</param>
/// <param name="High">Upper end.</param>
internal sealed record Share(int Hits, int Count, double Value, double Low, double High)
{
    /// <summary>Null where there is nothing to count.</summary>
    public static Share? Of(int hits, int count)
    {
        if (count == 0)
            return null;
        var interval = WilsonInterval.Of(hits, count);
        return new Share(hits, count, hits / (double)count, interval.Low, interval.High);
    }

    /// <summary>How many of some things hold.</summary>
    public static Share? Of(IEnumerable<bool> holds)
    {
        var all = holds.ToList();
        return Of(all.Count(one => one), all.Count);
    }
}
