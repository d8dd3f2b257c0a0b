using Realign.Core.Images;
using Realign.Grounding.Boxes;
using Realign.Grounding.GroundingDino;
using Shouldly;
using Xunit;

namespace Realign.Grounding.Tests;

/// <summary>Box geometry, non-maximum suppression, and from the detector's numbers to boxes: rows computed by hand.</summary>
public sealed class BoxTests
{
    private static readonly BoundingBox Square = new(0, 0, 10, 10);

    [Fact]
    public void FromCenter_AndBack_IsTheSameBox()
    {
        var box = BoxGeometry.FromCenter(5, 4, 6, 2);

        box.ShouldBe(new BoundingBox(2, 3, 8, 5));
        BoxGeometry.ToCenter(box).ShouldBe((5f, 4f, 6f, 2f));
        BoxGeometry.Area(box).ShouldBe(12);
    }

    [Theory]
    [InlineData(0, 0, 10, 10, 1, 1)]
    [InlineData(5, 0, 15, 10, 1f / 3, 1f / 3)] // 50 of 150, the hull is covered
    [InlineData(10, 0, 20, 10, 0, 0)] // they touch
    [InlineData(20, 0, 30, 10, 0, -1f / 3)] // a gap of one third of the hull
    [InlineData(5, 5, 15, 15, 25f / 175, (25f / 175) - (50f / 225))]
    [InlineData(3, 3, 3, 3, 0, 0)] // a point: nothing is common, and the union is the square
    public void Iou_AgainstASquare_IsTheShareInCommon(float x0, float y0, float x1, float y1, float iou, float generalized)
    {
        var box = new BoundingBox(x0, y0, x1, y1);

        BoxGeometry.Iou(Square, box).ShouldBe(iou, 1e-6f);
        BoxGeometry.GeneralizedIou(Square, box).ShouldBe(generalized, 1e-6f);
    }

    [Fact]
    public void Iou_TwoPoints_IsZeroAndNotNaN()
    {
        var point = new BoundingBox(1, 1, 1, 1);

        BoxGeometry.Iou(point, point).ShouldBe(0);
        BoxGeometry.GeneralizedIou(point, point).ShouldBe(0);
    }

    [Fact]
    public void Clip_BeyondTheImage_IsCutToIt() =>
        BoxGeometry.Clip(new BoundingBox(-4, 2, 30, 40), 20, 10).ShouldBe(new BoundingBox(0, 2, 20, 10));

    [Fact]
    public void Keep_OverlapEqualToTheThreshold_Survives()
    {
        BoundingBox[] boxes = [Square, new(5, 0, 15, 10)];

        NonMaximumSuppression.Keep(boxes, [0.9f, 0.8f], BoxGeometry.Iou(boxes[0], boxes[1])).ShouldBe([0, 1]);
        NonMaximumSuppression.Keep(boxes, [0.9f, 0.8f], 0.33).ShouldBe([0]);
    }

    [Fact]
    public void Keep_EqualScores_TheLowerIndexWins() =>
        NonMaximumSuppression.Keep([Square, Square, new(50, 50, 60, 60)], [0.5f, 0.5f, 0.7f], 0.5).ShouldBe([2, 0]);

    [Fact]
    public void Keep_ASuppressedBox_SuppressesNothing()
    {
        // the second overlaps both others, which do not meet: only the best may drop it
        BoundingBox[] boxes = [new(0, 0, 10, 10), new(4, 0, 14, 10), new(8, 0, 18, 10)];

        NonMaximumSuppression.Keep(boxes, [0.9f, 0.8f, 0.7f], 0.3).ShouldBe([0, 2]);
    }

    [Fact]
    public void Keep_OtherGroups_DoNotSuppressEachOther() =>
        NonMaximumSuppression.Keep([Square, Square, Square], [0.7f, 0.8f, 0.9f], 0.5, [1, 2, 1]).ShouldBe([2, 1]);

    [Fact]
    public void Keep_OtherNumberOfScores_IsRefused() =>
        Should.Throw<ArgumentOutOfRangeException>(() => NonMaximumSuppression.Keep([Square], [], 0.5));

    [Fact]
    public void Spans_MeanAndMaximum_AreOfThePhraseAlone()
    {
        // probabilities 0.5, 0.75, 0.25 | padding
        var output = new DinoOutput([0, MathF.Log(3), -MathF.Log(3), float.NegativeInfinity], [0.5f, 0.5f, 1f, 0.5f], 1, 4);

        DinoPostProcessing.SpanMean(output, [(1, 3)])[0].ShouldBe(0.5f, 1e-6f);
        DinoPostProcessing.SpanMaximum(output, [(1, 3), (2, 3)]).ShouldBe([0.75f, 0.25f], 1e-6);
        DinoPostProcessing.Scores(output)[0].ShouldBe(0.75f, 1e-6f);
        DinoPostProcessing.LabelColumns(output, 0, 0.2f).ShouldBe([1, 2]);
        DinoPostProcessing.Box(output, 0, 200, 100).ShouldBe(new BoundingBox(0, 25, 200, 75));
    }
}
