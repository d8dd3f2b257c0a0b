using Shouldly;
using TorchSharp;
using Xunit;

namespace Realign.Torch.Tests;

public sealed class ScalarsTests
{
    [Fact]
    public void Of_SurvivesACollection()
    {
        var kept = Kept();

        GC.Collect();
        GC.WaitForPendingFinalizers();

        kept.IsAlive.ShouldBeTrue();
    }

    [Theory]
    [InlineData(0.0)]
    [InlineData(-1.5)]
    [InlineData(1e300)]
    [InlineData(double.NegativeInfinity)]
    public void Of_IsTheNumber(double value)
    {
        Scalars.Of(value).ToDouble().ShouldBe(value);
        Scalars.Of(value).ToDouble().ShouldBe(value);
    }

    [Fact]
    public void Of_WholeNumberStaysWhole()
    {
        using var scope = torch.NewDisposeScope();

        torch.ones(2, dtype: torch.int64).mul(Scalars.Of(3)).dtype.ShouldBe(torch.ScalarType.Int64);
        torch.ones(2, dtype: torch.int64).mul(Scalars.Of(3.0)).dtype.ShouldBe(torch.ScalarType.Float32);
    }

    [Fact]
    public void Of_MoreNumbersThanSlots_AllRight()
    {
        for (var i = 0; i < 20_000; i++)
            Scalars.Of(i * 0.25).ToDouble().ShouldBe(i * 0.25);
    }

    // a frame of its own, so that no local variable keeps the scalar
    [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
    private static WeakReference Kept() => new(Scalars.Of(0.123456789));
}
