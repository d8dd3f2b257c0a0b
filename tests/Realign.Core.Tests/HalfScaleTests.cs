using Realign.Core.Numbers;
using Shouldly;
using Xunit;

namespace Realign.Core.Tests;

/// <summary>The one scale of gradients in half precision.</summary>
public sealed class HalfScaleTests
{
    [Theory]
    [InlineData(1e-6f)]
    [InlineData(0.25f)]
    [InlineData(1f)]
    [InlineData(3f)]
    [InlineData(60000f)]
    public void LargestNumber_LandsBelowTheLargestHalf(float largest)
    {
        var stored = Math.ScaleB((double)largest, HalfScale.Exponent(largest));

        stored.ShouldBeInRange(Math.BitIncrement(16384.0), 32768);
        ((float)(Half)stored).ShouldBe((float)stored, 16);
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(double.NaN, 0)]
    [InlineData(double.PositiveInfinity, 0)]
    [InlineData(1e-45, 126)]
    public void NumbersWithoutAScale_GetOneInRange(double largest, int exponent) => HalfScale.Exponent(largest).ShouldBe(exponent);
}
