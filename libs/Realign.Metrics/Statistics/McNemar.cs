namespace Realign.Metrics.Statistics;

/// <summary>McNemar's exact test of two variants on the same items: only the items on which they differ say anything.</summary>
public static class McNemar
{
    /// <summary>Two-sided p of the sign test; 1 where nothing differs.</summary>
    /// <param name="won">Items on which only the second variant is right.</param>
    /// <param name="lost">Items on which only the first is.</param>
    public static double TwoSided(int won, int lost)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(won);
        ArgumentOutOfRangeException.ThrowIfNegative(lost);
        var count = won + lost;
        // in logarithms: 0.5^n is 0 for 1,075 items already
        var term = count * Math.Log(0.5);
        var tail = 0.0;
        for (var k = 0; k <= Math.Min(won, lost); k++)
        {
            tail += Math.Exp(term);
            term += Math.Log(count - k) - Math.Log(k + 1);
        }

        return Math.Min(1, 2 * tail);
    }
}
