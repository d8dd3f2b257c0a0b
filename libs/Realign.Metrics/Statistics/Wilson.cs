namespace Realign.Metrics.Statistics;

/// <summary>Interval of a share (Wilson 1927): sensible for small samples and for shares of 0 and 1.</summary>
public static class Wilson
{
    // the standard normal's 97.5 % quantile
    private const double Z = 1.959963984540054;

    /// <summary>The 95 % interval.</summary>
    /// <param name="hits">How many, 0..count.</param>
    /// <param name="count">Of how many, at least 1.</param>
    public static (double Low, double High) Interval(int hits, int count)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(hits);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(hits, count);
        var share = hits / (double)count;
        var middle = (share + (Z * Z / (2 * count))) / (1 + (Z * Z / count));
        var half = Z / (1 + (Z * Z / count)) * Math.Sqrt((share * (1 - share) / count) + (Z * Z / (4.0 * count * count)));
        return (Math.Max(0, middle - half), Math.Min(1, middle + half));
    }
}
