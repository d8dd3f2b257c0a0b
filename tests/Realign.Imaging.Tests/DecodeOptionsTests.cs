using Realign.Core.Errors;
using Realign.Core.Images;
using Shouldly;
using Xunit;

namespace Realign.Imaging.Tests;

/// <summary>What is read only when it is asked for.</summary>
public sealed class DecodeOptionsTests
{
    private static readonly RgbImage _picture = new(64, 48, PictureFiles.Pixels(64, 48));

    public static TheoryData<PictureFormats, byte[], string> Formats => new()
    {
        { PictureFormats.Gif, PictureFiles.Gif(), "is a GIF" },
        { PictureFormats.Avif, PictureFiles.Avif(), "is an AVIF picture" },
    };

    [Theory]
    [MemberData(nameof(Formats))]
    public void Format_IsRefusedByName_UnlessItIsAskedFor(PictureFormats format, byte[] file, string problem)
    {
        Refusal(file, new DecodeOptions { Formats = ~format }).Problem.ShouldBe(problem);

        var image = ImageDecoder.Decode(file, options: new DecodeOptions { Formats = format });

        (image.Width, image.Height).ShouldBe((64, 48));
        LargestDifference(image, _picture).ShouldBeLessThanOrEqualTo(4);
        ImageDecoder.Area(file, options: new DecodeOptions { Formats = format }).ShouldBe(64 * 48);
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public void Format_Truncated_IsRefused(PictureFormats format, byte[] file, string problem)
    {
        _ = problem;
        var part = file.AsSpan(0, file.Length * 2 / 3).ToArray();

        Refusal(part, new DecodeOptions { Formats = format }).Problem.ShouldContain("truncated or broken");
    }

    [Fact]
    public void Heic_IsNamed_AlsoWhereNoDecoderIsThere()
    {
        byte[] file = [0, 0, 0, 24, .. "ftypheic"u8, 0, 0, 0, 0, .. "mif1heic"u8];

        Refusal(file, new DecodeOptions()).Problem.ShouldBe("is a HEIC picture");
        Refusal(file, new DecodeOptions { Formats = PictureFormats.Heic }).Problem.ShouldStartWith("is a HEIC picture that");
    }

    [Fact]
    public void Animated_IsItsFirstFrame_WhenAskedFor()
    {
        var gif = new DecodeOptions { Formats = PictureFormats.Gif };
        var refusal = Refusal(PictureFiles.AnimatedGif(), gif);
        (refusal.Problem, refusal.WayOut).ShouldBe(("is animated", "send one still picture, or ask for its first frame (first_frame)"));

        var first = ImageDecoder.Decode(PictureFiles.AnimatedGif(), options: gif with { FirstFrame = true });
        var webp = ImageDecoder.Decode(PictureFiles.AnimatedWebp(), options: new DecodeOptions { FirstFrame = true });
        var png = ImageDecoder.Decode(Realign.Testing.Pictures.Animated(), options: new DecodeOptions { FirstFrame = true });

        (first.Width, first.Height, webp.Width, webp.Height).ShouldBe((64, 48, 64, 48));
        LargestDifference(first, _picture).ShouldBeLessThanOrEqualTo(4);
        png.Pixels.ShouldBe(ImageDecoder.Decode(Realign.Testing.Pictures.Ball()).Pixels);
    }

    [Fact]
    public void Profile_IsApplied_WhenAskedFor()
    {
        var file = PictureFiles.DisplayP3();

        LargestDifference(ImageDecoder.Decode(file), _picture).ShouldBeGreaterThan(20);
        LargestDifference(ImageDecoder.Decode(file, options: new DecodeOptions { ApplyProfile = true }), _picture).ShouldBeLessThanOrEqualTo(3);
        ImageDecoder.Decode(PictureFiles.Png(), options: new DecodeOptions { ApplyProfile = true }).Pixels.ShouldBe(_picture.Pixels);
    }

    [Fact]
    public void Profile_ThatIsBroken_IsRefusedWhenAskedFor()
    {
        var file = PictureFiles.BrokenProfile();
        _ = ImageDecoder.Decode(file);

        Refusal(file, new DecodeOptions { ApplyProfile = true }).Problem.ShouldBe("has a color profile that cannot be applied");
    }

    private static InvalidInputException Refusal(byte[] file, DecodeOptions options) =>
        Should.Throw<InvalidInputException>(() => ImageDecoder.Decode(file, options: options));

    private static int LargestDifference(RgbImage a, RgbImage b) => a.Pixels.Zip(b.Pixels, (x, y) => Math.Abs(x - y)).Max();
}
