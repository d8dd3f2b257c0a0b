using Realign.Core.Errors;

namespace Realign.Metrics.Statistics;

/// <summary>
/// The exact McNemar test of two variants on the same items: of the items that differ, each is as likely won as lost when the variants are equal
/// (binomial, 1/2).
/// </summary>
/// <param name="Lost">Items that only the first variant gets right.</param>
/// <param name="Won">Items that only the second gets right.</param>
public sealed record McNemarTest(int Lost, int Won)
{
    /// <summary>Counts the items that differ.</summary>
    /// <param name="first">Whether the first variant is right, item by item.</param>
    /// <param name="second">Whether the second is.</param>
    /// <exception cref="InvalidInputException">The two differ in size.</exception>
    public static McNemarTest Of(IReadOnlyList<bool> first, IReadOnlyList<bool> second)
    {
        ArgumentNullException.ThrowIfNull(first);
        ArgumentNullException.ThrowIfNull(second);
        if (first.Count != second.Count)
        {
            throw new InvalidInputException("outcomes", $"{first.Count} and {second.Count}", "paired samples have one size",
                "judge both variants on the same items");
        }

        return new McNemarTest(first.Zip(second).Count(pair => pair is (true, false)), first.Zip(second).Count(pair => pair is (false, true)));
    }

    /// <summary>Chance of a split at least as uneven, either way, 0..1; 1 where nothing differs.</summary>
    public double TwoSided => Math.Min(1, 2 * Math.Min(AtLeast(Won), AtLeast(Lost)));

    /// <summary>Chance of at least as many wins when the second variant is no better: small means it is better.</summary>
    public double SecondIsBetter => AtLeast(Won);

    /// <summary>Chance of at least as many losses when the second variant is no worse: small means it is worse.</summary>
    public double SecondIsWorse => AtLeast(Lost);

    /// <summary>Upper tail of the binomial distribution with chance 1/2, in logarithms: 0.5 to a large power is no double.</summary>
    private double AtLeast(int least)
    {
        var count = Lost + Won;
        var (sum, term) = (0.0, count * Math.Log(0.5));
        for (var k = count; k >= least; k--)
        {
            sum += Math.Exp(term);
            // C(n, k - 1) = C(n, k) k / (n - k + 1)
            term += Math.Log(k) - Math.Log(count - k + 1);
        }

        return Math.Min(1, sum);
    }
}
