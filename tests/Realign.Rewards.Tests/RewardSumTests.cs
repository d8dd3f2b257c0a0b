using Realign.Core.Errors;
using Shouldly;
using Xunit;

namespace Realign.Rewards.Tests;

/// <summary>Weighted sums; nothing that is not finite comes out.</summary>
public sealed class RewardSumTests
{
    [Fact]
    public void Sums_AreWeighted()
    {
        RewardSum.Of([("ITC", 2, 0.25f), ("ITM", -1, 0.5f)]).ShouldBe(0);
        RewardSum.OfGradients([("ITC", 2, [1, 2]), ("ITM", -1, [1, 1])]).ShouldBe([1, 3]);
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    public void NonFiniteTerm_IsRefusedByName(float value)
    {
        Should.Throw<FailedPreconditionException>(() => RewardSum.Of([("ITC", 1, 0.5f), ("CLIP", 0, value)])).Message.ShouldContain("CLIP");
        Should.Throw<FailedPreconditionException>(() => RewardSum.OfGradients([("ITC", 1, [1, 1]), ("CLIP", 0, [0, value])])).Message
            .ShouldContain("the gradient of the CLIP reward");
    }

    [Fact]
    public void SumThatLeavesFloat_IsRefused()
    {
        Should.Throw<FailedPreconditionException>(() => RewardSum.Of([("ITC", 1000, 1e36f), ("CLIP", 1000, 1e36f)])).Message.ShouldContain("summed");
        Should.Throw<FailedPreconditionException>(() => RewardSum.OfGradients([("ITC", 1000, [1e36f])])).Message.ShouldContain("element 0");
    }

    [Fact]
    public void LargeTermsThatCancel_AreKept() =>
        // in float32 the first product alone is infinite
        RewardSum.OfGradients([("ITC", 1000, [1e36f]), ("CLIP", -1000, [1e36f]), ("ITM", 1, [2])]).ShouldBe([2]);

    [Fact]
    public void Check_NamesTheField() =>
        Should.Throw<FailedPreconditionException>(() => FiniteReward.Check("CLIP", float.NaN, "items[3]")).Field.ShouldBe("items[3]");

    [Fact]
    public void GradientsOfTwoImages_AreRefused() => Should.Throw<ArgumentException>(() => RewardSum.OfGradients([("ITC", 1, [1]), ("ITM", 1, [1, 2])]));
}
