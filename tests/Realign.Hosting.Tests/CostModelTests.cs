using Realign.Hosting.Scheduling;
using Shouldly;
using Xunit;

namespace Realign.Hosting.Tests;

/// <summary>What is known of how long calls take.</summary>
public sealed class CostModelTests
{
    [Fact]
    public void Expected_NothingMeasured_IsNothing()
    {
        var cost = new CostModel();

        cost.IsKnown.ShouldBeFalse();
        cost.Expected(5).ShouldBe(0);
        cost.Likely(5).ShouldBe(0);
    }

    [Fact]
    public void Expected_OneSize_IsProportional()
    {
        var cost = new CostModel();
        cost.Learn(10, 2);
        cost.Learn(10, 2);

        cost.Expected(10).ShouldBe(2, 1e-9);
        cost.Expected(40).ShouldBe(8, 1e-9);
    }

    [Fact]
    public void Expected_AnyLineOverSizes_IsFound()
    {
        for (var seed = 0; seed < 200; seed++)
        {
            var random = new Random(seed);
            var (fixedCost, slope) = (random.NextDouble() * 5, random.NextDouble());
            var cost = new CostModel();
            for (var i = 0; i < 20; i++)
            {
                var size = 1.0 + random.Next(50);
                cost.Learn(size, fixedCost + (slope * size));
            }

            cost.Expected(100).ShouldBe(fixedCost + (slope * 100), 1e-6, $"seed {seed}");
        }
    }

    [Fact]
    public void Expected_IsNeverNegative_AndGrowsWithTheSize()
    {
        for (var seed = 0; seed < 200; seed++)
        {
            var random = new Random(seed);
            var cost = new CostModel();
            for (var i = 0; i < 20; i++)
                cost.Learn(1 + (random.NextDouble() * 20), random.NextDouble());

            cost.Expected(0).ShouldBeGreaterThanOrEqualTo(0);
            cost.Expected(30).ShouldBeGreaterThanOrEqualTo(cost.Expected(10));
            cost.Likely(10).ShouldBeGreaterThanOrEqualTo(cost.Expected(10));
        }
    }

    [Fact]
    public void Learn_ModelThatBecomesFaster_IsBelievedSoon()
    {
        var cost = new CostModel();
        for (var i = 0; i < 50; i++)
            cost.Learn(1, 10);
        for (var i = 0; i < 24; i++)
            cost.Learn(1, 1);

        cost.Likely(1).ShouldBeLessThan(2);
    }
}
