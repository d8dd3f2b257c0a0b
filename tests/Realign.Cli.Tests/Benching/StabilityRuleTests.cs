using Grpc.Core;
using Realign.Cli.Benching;
using Shouldly;
using Xunit;

namespace Realign.Cli.Tests.Benching;

/// <summary>When a load has been measured long enough.</summary>
public sealed class StabilityRuleTests
{
    [Theory]
    [InlineData(new[] { 100, 100, 100 }, true)]
    [InlineData(new[] { 100, 105, 110 }, true)]
    [InlineData(new[] { 100, 105, 111 }, false)]
    // only the last three count
    [InlineData(new[] { 500, 7, 100, 102, 104 }, true)]
    [InlineData(new[] { 100, 100, 100, 7 }, false)]
    [InlineData(new[] { 100, 100 }, false)]
    [InlineData(new[] { 100, 0, 100 }, false)]
    public void Throughput_OfTheLastThreeWindows_DiffersByTenPercentAtMost(int[] calls, bool isStable) =>
        StabilityRule.IsStable([.. calls.Select(count => Window(count, 20))]).ShouldBe(isStable);

    [Theory]
    [InlineData(new[] { 20, 21, 22 }, true)]
    [InlineData(new[] { 20, 21, 23 }, false)]
    public void Latency_OfTheLastThreeWindows_DiffersByTenPercentAtMost(int[] milliseconds, bool isStable) =>
        StabilityRule.IsStable([.. milliseconds.Select(each => Window(50, each))]).ShouldBe(isStable);

    [Fact]
    public void LoadAtWhichNothingEndsWell_IsLeft()
    {
        StabilityRule.IsHopeless([Window(0, 20), Window(0, 20)]).ShouldBeFalse();
        StabilityRule.IsHopeless([Window(9, 20), Window(0, 20), Window(0, 20)]).ShouldBeFalse();
        StabilityRule.IsHopeless([Window(9, 20), Window(0, 20), Window(0, 20), Window(0, 20)]).ShouldBeTrue();
    }

    [Fact]
    public void Figures_AreThoseOfTheLastThreeWindows()
    {
        var point = LoadPoint.Of(new ClosedLoop(1, TenantShares.None), [Window(1000, 1), Window(10, 20), Window(11, 20), Window(10, 20)], []);

        point.IsStable.ShouldBeTrue();
        (point.Figures.Ok, point.Figures.Seconds).ShouldBe((31, 3));
        point.Figures.Latency!.Max.ShouldBe(20);
    }

    private static LoadWindow Window(int calls, double milliseconds) =>
        new([.. Enumerable.Repeat(Sample(milliseconds), calls)], TimeSpan.FromSeconds(1));

    private static CallSample Sample(double milliseconds) => new(TimeSpan.Zero, TimeSpan.Zero, null, TimeSpan.FromMilliseconds(milliseconds), StatusCode.OK, "");
}
