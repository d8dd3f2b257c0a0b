using Realign.Core.Errors;
using Realign.Core.Images;
using Shouldly;
using Xunit;

namespace Realign.Core.Tests;

/// <summary>The one rule for the size of a picture.</summary>
public sealed class ImageSizeTests
{
    [Theory]
    [InlineData(1, 1)]
    [InlineData(1, 64)]
    [InlineData(8192, 8192)]
    [InlineData(16384, 4096)]
    public void SizeWithinTheLimits_Passes(int width, int height) => Should.NotThrow(() => ImageSize.Check("image", width, height));

    [Theory]
    [InlineData(1, 2_000_000, "longer than 16384")]
    [InlineData(60_000_000, 1, "longer than 16384")]
    [InlineData(1, 65, "64 times as long")]
    [InlineData(16384, 255, "64 times as long")]
    [InlineData(8193, 8193, "64 megapixels")]
    [InlineData(int.MaxValue, int.MaxValue, "longer than 16384")]
    [InlineData(0, 3, "at least one pixel")]
    public void SizeOutsideTheLimits_SaysWhichOne(int width, int height, string problem)
    {
        var failure = Should.Throw<InvalidInputException>(() => ImageSize.Check("image.encoded", width, height));

        failure.Field.ShouldBe("image.encoded");
        failure.Message.ShouldContain($"{width}x{height}");
        failure.Message.ShouldContain(problem);
        failure.WayOut.ShouldNotBeEmpty();
    }
}
