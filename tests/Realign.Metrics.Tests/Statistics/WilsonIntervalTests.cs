using Realign.Core.Errors;
using Realign.Metrics.Statistics;
using Shouldly;
using Xunit;

namespace Realign.Metrics.Tests.Statistics;

/// <summary>Known values: Newcombe, "Two-sided confidence intervals for the single proportion", Statistics in Medicine 17 (1998), table I, method 3.</summary>
public sealed class WilsonIntervalTests
{
    [Theory]
    [InlineData(81, 263, 0.2553, 0.3662)]
    [InlineData(15, 148, 0.0624, 0.1605)]
    [InlineData(0, 20, 0.0000, 0.1611)]
    [InlineData(1, 29, 0.0061, 0.1718)]
    public void Of_PublishedCase_HasItsEnds(int hits, int count, double low, double high)
    {
        var interval = WilsonInterval.Of(hits, count);

        interval.Low.ShouldBe(low, 5e-5);
        interval.High.ShouldBe(high, 5e-5);
    }

    [Fact]
    public void Of_AllHits_MirrorsNone()
    {
        var (all, none) = (WilsonInterval.Of(20, 20), WilsonInterval.Of(0, 20));

        all.High.ShouldBe(1);
        all.Low.ShouldBe(1 - none.High, 1e-12);
    }

    [Theory]
    [InlineData(0, 0, "count")]
    [InlineData(-1, 4, "hits")]
    [InlineData(5, 4, "hits")]
    public void Of_Impossible_NamesTheField(int hits, int count, string field) =>
        Should.Throw<InvalidInputException>(() => WilsonInterval.Of(hits, count)).Field.ShouldBe(field);
}
