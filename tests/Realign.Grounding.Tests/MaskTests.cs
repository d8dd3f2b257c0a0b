using Realign.Core.Images;
using Realign.Grounding.Masks;
using Realign.Grounding.Sam;
using Shouldly;
using Xunit;

namespace Realign.Grounding.Tests;

/// <summary>Measures of masks, masks on coarse grids, and masks from logits: rows computed by hand.</summary>
public sealed class MaskTests
{
    [Fact]
    public void TightBox_ScatteredCells_EndsBehindTheLast()
    {
        MaskGeometry.TightBox(Mask(4, "....", ".#..", "..#.")).ShouldBe(new BoundingBox(1, 1, 3, 3));
        MaskGeometry.TightBox(Mask(4, "....")).ShouldBeNull();
    }

    [Fact]
    public void Iou_TwoMasks_IsTheShareInCommon()
    {
        MaskGeometry.Iou(Mask(4, "##.."), Mask(4, ".##.")).ShouldBe(1f / 3, 1e-6f);
        MaskGeometry.Iou(Mask(4, "...."), Mask(4, "....")).ShouldBe(0);
        Should.Throw<ArgumentException>(() => MaskGeometry.Iou(Mask(4, "...."), Mask(2, "..", "..")));
    }

    [Fact]
    public void Union_ThreeMasks_HasTheCellsOfAllAndLeavesThemAlone()
    {
        var first = Mask(3, "#..");

        MaskGeometry.Union([first, Mask(3, "..#"), Mask(3, "#..")]).Cells.ShouldBe([1, 0, 1]);
        first.Cells.ShouldBe([1, 0, 0]);
    }

    [Fact]
    public void Owners_Overlaps_GoToScoreThenAreaThenIndex()
    {
        BinaryMask[] masks = [Mask(5, "###.."), Mask(5, "##..."), Mask(5, "##..."), Mask(5, "...##")];

        MaskGeometry.Owners(masks, [0.5f, 0.5f, 0.5f, 0.1f]).ShouldBe([1, 1, 0, 3, 3]);
        MaskGeometry.Owners(masks, [0.9f, 0.5f, 0.5f, 0.1f]).ShouldBe([0, 0, 0, 3, 3]);
        MaskGeometry.Owners([Mask(2, "..")], [1f]).ShouldBe([-1, -1]);
    }

    [Fact]
    public void Area_SizeNotDivisible_CellsOverlap() =>
        MaskGrid.Area(Mask(3, "#..", "...", "..."), 2).ShouldBe([0.25f, 0, 0, 0]);

    [Fact]
    public void Covered_LessThanHalfEverywhere_KeepsTheBestCell()
    {
        var mask = Mask(4, "#...", "....", "..#.", "..#.");

        MaskGrid.Covered(mask, 2).Cells.ShouldBe([0, 0, 0, 1]);
        MaskGrid.Covered(mask, 2, takesHalf: true).Cells.ShouldBe([0, 0, 0, 1]);
        MaskGrid.Covered(Mask(4, "....", "....", "....", "...."), 2).Area.ShouldBe(0);
    }

    [Fact]
    public void Binarize_LogitZero_IsBackground() => SamMasks.Binarize([-1, 0, 0.1f], 3, 1).Cells.ShouldBe([0, 0, 1]);

    [Fact]
    public void Best_EqualScores_IsTheFirst() => SamMasks.Best([0.1f, 0.9f, 0.9f]).ShouldBe(1);

    [Fact]
    public void Stability_OfAMask_IsTheShareOfSurePixels()
    {
        SamMasks.Stability([2, 0.5f, -0.5f, -2], 1).ShouldBe(1.0 / 3);
        SamMasks.Stability([-2, -3], 1).ShouldBeNull();
    }

    [Fact]
    public void ToOriginalSize_ConstantLogits_StayConstant() =>
        SamMasks.ToOriginalSize([3, 3, 3, 3], 2, 2, 8, (8, 4), (5, 3)).ShouldBe(Enumerable.Repeat(3f, 15), 1e-5);

    private static BinaryMask Mask(int width, params string[] rows) =>
        new(width, rows.Length, [.. string.Concat(rows).Select(cell => (byte)(cell == '#' ? 1 : 0))]);
}
