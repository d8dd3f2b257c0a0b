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
    [InlineData(7, 5)]
    [InlineData(1, 1)]
    [InlineData(20, 3)]
    [InlineData(13, 40)]
    [InlineData(11, 9)]
    public void Resized_TakesTheNearestPixels(int width, int height)
    {
        var random = new Random(5);
        var mask = new BinaryMask(11, 9, [.. Enumerable.Range(0, 99).Select(_ => (byte)(random.Next(3) == 0 ? 1 : 0))]);

        var resized = MaskRuns.From(mask).Resized(width, height);

        byte[] nearest = [.. Enumerable.Range(0, width * height).Select(i => mask.Cells[((i / width) * 9 / height * 11) + ((i % width) * 11 / width)])];
        resized.ToMask().Cells.ShouldBe(nearest);
        resized.Counts.ShouldBe(MaskRuns.From(resized.ToMask()).Counts);
    }

    [Fact]
    public void Disjoint_GivesEachPixelToTheLargestScoreThenTheSmallestMask()
    {
        BinaryMask[] masks = [new(4, 1, [1, 1, 1, 0]), new(4, 1, [0, 1, 1, 1]), new(4, 1, [0, 0, 1, 1]), new(4, 1, [1, 1, 1, 1])];

        var disjoint = MaskRuns.Disjoint([.. masks.Select(MaskRuns.From)], [1, 2, 2, 0]);

        disjoint.Select(mask => string.Concat(mask.ToMask().Cells)).ShouldBe(["1000", "0100", "0011", "0000"]);
    }

    [Fact]
    public void Resized_StaysSmallWhateverTheSize()
    {
        var before = GC.GetAllocatedBytesForCurrentThread();

        new MaskRuns(1, 1, [0, 1]).Resized(8192, 8192).Area.ShouldBe(8192L * 8192);

        (GC.GetAllocatedBytesForCurrentThread() - before).ShouldBeLessThan(1 << 16);
    }

    [Theory]
    [InlineData(0, 4, "segments[3].mask", "0x4")]
    [InlineData(4, -1, "segments[3].mask", "4x-1")]
    [InlineData(16_385, 4096, "segments[3].mask", "16385x4096")]
    [InlineData(1, 65, "segments[3].mask", "1x65")]
    [InlineData(8193, 8193, "segments[3].mask", "8193x8193")]
    [InlineData(2, 2, "segments[3].mask.counts", "sum 5")]
    public void MaskOfACaller_IsChecked(int width, int height, string field, string value)
    {
        var failure = Should.Throw<InvalidInputException>(() => MaskRuns.Check("segments[3].mask", width, height, [2, 3]));

        failure.Field.ShouldBe(field);
        failure.Message.ShouldContain(value);
        failure.WayOut.ShouldNotBeEmpty();
    }

    [Fact]
    public void MaskOfEveryPictureThatIsTaken_IsTaken() =>
        MaskRuns.Check("mask", Limits.ImageEdge, Limits.ImageEdge / Limits.ImageAspect, [0, Limits.ImageEdge * (Limits.ImageEdge / Limits.ImageAspect)])
            .Share.ShouldBe(1);
}
