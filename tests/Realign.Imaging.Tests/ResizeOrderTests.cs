using Realign.Core.Images;
using Shouldly;
using Xunit;

namespace Realign.Imaging.Tests;

/// <summary>Which pass of a resize comes first.</summary>
public sealed class ResizeOrderTests
{
    private static readonly RgbImage Tall = Noise(40, 900);

    [Fact]
    public void HeightThatShrinksMuchMore_GoesFirst()
    {
        var rows = PillowResize.Resize(Tall, 40, 60, PillowFilter.Bilinear);

        PillowResize.Resize(Tall, 80, 60, PillowFilter.Bilinear).Pixels.ShouldBe(PillowResize.Resize(rows, 80, 60, PillowFilter.Bilinear).Pixels);
    }

    [Fact]
    public void OlderOrder_TakesTheWidthFirst()
    {
        var columns = PillowResize.Resize(Tall, 80, 900, PillowFilter.Bilinear);
        var older = PillowResize.Resize(Tall, 80, 60, PillowFilter.Bilinear, ResizeOrder.HorizontalFirst);

        older.Pixels.ShouldBe(PillowResize.Resize(columns, 80, 60, PillowFilter.Bilinear).Pixels);
        older.Pixels.ShouldNotBe(PillowResize.Resize(Tall, 80, 60, PillowFilter.Bilinear).Pixels);
    }

    [Fact]
    public void PictureThatKeepsItsShape_IsTheSameInBothOrders()
    {
        var image = Noise(120, 90);

        PillowResize.Resize(image, 60, 45, PillowFilter.Bicubic).Pixels.ShouldBe(PillowResize.Resize(image, 60, 45, PillowFilter.Bicubic,
            ResizeOrder.HorizontalFirst).Pixels);
    }

    private static RgbImage Noise(int width, int height)
    {
        var pixels = new byte[width * height * 3];
        new Random(7).NextBytes(pixels);
        return new RgbImage(width, height, pixels);
    }
}
