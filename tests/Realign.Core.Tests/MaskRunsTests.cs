using Realign.Core.Errors;
using Realign.Core.Images;
using Shouldly;
using Xunit;

namespace Realign.Core.Tests;

/// <summary>Run lengths: measures without unpacking them.</summary>
public sealed class MaskRunsTests
{
    private static readonly BinaryMask First = new(3, 2, [0, 1, 1, 0, 0, 1]);
    private static readonly BinaryMask Second = new(3, 2, [1, 0, 1, 0, 0, 0]);

    [Fact]
    public void Mask_ComesBackFromItsRuns() => MaskRuns.From(First).ToMask().Cells.ShouldBe(First.Cells);

    [Fact]
    public void Area_CountsTheOnes()
    {
        MaskRuns.From(First).Area.ShouldBe(3);
        MaskRuns.From(First).Share.ShouldBe(0.5);
    }

    [Fact]
    public void Union_IsThatOfThePixels()
    {
        var union = MaskRuns.Union([MaskRuns.From(First), MaskRuns.From(Second), new MaskRuns(3, 2, [6])]).ShouldNotBeNull();

        union.ToMask().Cells.ShouldBe([1, 1, 1, 0, 0, 1]);
        union.Counts.ShouldBe(MaskRuns.From(union.ToMask()).Counts);
    }

    [Fact]
    public void Union_OfTwoSizes_IsNone() => MaskRuns.Union([MaskRuns.From(First), new MaskRuns(2, 3, [6])]).ShouldBeNull();

    [Theory]
    [InlineData(0, 4, "width")]
    [InlineData(8193, 4, "width")]
    [InlineData(4, -1, "height")]
    [InlineData(2, 2, "counts")]
    public void MaskOfACaller_IsChecked(int width, int height, string edge)
    {
        var failure = Should.Throw<InvalidInputException>(() => MaskRuns.Check("segments[3].mask", width, height, [2, 3]));

        failure.Field.ShouldBe($"segments[3].mask.{edge}");
    }
}
