using Realign.Core.Errors;

namespace Realign.Metrics.Statistics;

/// <summary>Interval of a share by its score test (Wilson 1927), without correction for continuity: sensible near 0, near 1 and for few trials.</summary>
public static class WilsonInterval
{
    private const double NormalQuantile = 1.959963984540054;

    /// <summary>The 95 % interval of a share.</summary>
    /// <param name="hits">How many were yes, 0 to <paramref name="count"/>.</param>
    /// <param name="count">How many there were, at least 1.</param>
    /// <exception cref="InvalidInputException">There were none, or more hits than there were.</exception>
    public static ShareInterval Of(int hits, int count)
    {
        if (count < 1)
            throw new InvalidInputException("count", $"{count}", "no share without trials", "count at least one trial");
        if (hits < 0 || hits > count)
            throw new InvalidInputException("hits", $"{hits}", $"is not between 0 and {count}", "count each trial at most once");
        const double Squared = NormalQuantile * NormalQuantile;
        var share = hits / (double)count;
        var middle = (share + (Squared / (2 * count))) / (1 + (Squared / count));
        var half = NormalQuantile / (1 + (Squared / count)) * Math.Sqrt((share * (1 - share) / count) + (Squared / (4.0 * count * count)));
        // at 0 and at all the ends are exact, but for rounding
        return new ShareInterval(hits, count, hits == 0 ? 0 : middle - half, hits == count ? 1 : middle + half);
    }
}
