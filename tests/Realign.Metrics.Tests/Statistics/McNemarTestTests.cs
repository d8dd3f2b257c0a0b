using Realign.Core.Errors;
using Realign.Metrics.Statistics;
using Shouldly;
using Xunit;

namespace Realign.Metrics.Tests.Statistics;

/// <summary>Known values: sums of binomial coefficients over powers of two, by hand.</summary>
public sealed class McNemarTestTests
{
    // 2 (1 + 18 + 153 + 816 + 3060) / 2^18 and half of it; 2 (1 + 7 + 21) / 2^7; (1 + 10) / 2^10
    [Theory]
    [InlineData(4, 14, 2 * 4048.0 / 262144, 4048.0 / 262144)]
    [InlineData(2, 5, 2 * 29.0 / 128, 29.0 / 128)]
    [InlineData(1, 9, 2 * 11.0 / 1024, 11.0 / 1024)]
    [InlineData(0, 5, 2 / 32.0, 1 / 32.0)]
    public void MoreWonThanLost_IsAsUnlikelyAsTheSums(int lost, int won, double twoSided, double better)
    {
        var test = new McNemarTest(lost, won);

        test.TwoSided.ShouldBe(twoSided, 1e-12);
        test.SecondIsBetter.ShouldBe(better, 1e-12);
        new McNemarTest(won, lost).SecondIsWorse.ShouldBe(better, 1e-12);
        new McNemarTest(won, lost).TwoSided.ShouldBe(twoSided, 1e-12);
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(1, 1)]
    [InlineData(700, 700)]
    public void EvenSplit_SaysNothing(int lost, int won) => new McNemarTest(lost, won).TwoSided.ShouldBe(1);

    // 0.5^1400 is below the smallest double
    [Fact]
    public void ManyPairs_DoNotUnderflow()
    {
        var p = new McNemarTest(650, 750).TwoSided;

        // normal approximation with correction: (|100| - 1) / sqrt(1400) = 2.646, p = 0.00815
        p.ShouldBe(0.00815, 0.0002);
    }

    [Fact]
    public void Of_Outcomes_CountsThoseThatDiffer() =>
        McNemarTest.Of([true, true, false, false, true], [true, false, true, true, true]).ShouldBe(new McNemarTest(1, 2));

    [Fact]
    public void Of_UnequalSizes_IsRefused() => Should.Throw<InvalidInputException>(() => McNemarTest.Of([true], [])).Field.ShouldBe("outcomes");
}
