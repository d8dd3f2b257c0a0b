using System.Buffers.Binary;
using System.Text;
using Realign.Core;
using Realign.Core.Errors;
using Realign.Core.Images;
using Realign.Testing;
using Shouldly;
using Xunit;

namespace Realign.Imaging.Tests;

/// <summary>What is decoded, what is refused, and that a refusal is always the same kind of exception.</summary>
public sealed class ImageDecoderTests
{
    public static TheoryData<string, byte[]> Formats => new()
    {
        { "png", PictureFiles.Png() },
        { "jpeg", PictureFiles.Jpeg() },
        { "webp", PictureFiles.Webp() },
    };

    public static TheoryData<string, byte[]> Bombs => new()
    {
        { "png", Pictures.Bomb() },
        { "jpeg", PictureFiles.JpegBomb() },
        { "webp", PictureFiles.WebpBomb() },
    };

    [Theory]
    [MemberData(nameof(Formats))]
    public void Decode_EachFormat_GivesThePixels(string format, byte[] file)
    {
        var image = ImageDecoder.Decode(file);

        (image.Width, image.Height).ShouldBe((64, 48));
        Difference(image.Pixels, PictureFiles.Pixels(64, 48)).ShouldBeLessThanOrEqualTo(format == "jpeg" ? 4 : 0);
    }

    [Theory]
    [InlineData("")]
    [InlineData("x")]
    [InlineData("this is no picture at all, only text")]
    [InlineData("<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'><rect width='9' height='9'/></svg>")]
    [InlineData("<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>")]
    [InlineData("%PDF-1.7 %%EOF")]
    [InlineData("RIFF\u0010\0\0\0AVI LIST")]
    [InlineData("II*\0\b\0\0\0")]
    [InlineData("P6 1 1 255 abc")]
    public void Decode_OtherContent_IsRefusedWithoutADecoder(string content)
    {
        var refusal = Should.Throw<InvalidInputException>(() => ImageDecoder.Decode(Encoding.Latin1.GetBytes(content), "images[2]"));

        refusal.Field.ShouldBe("images[2]");
        refusal.Problem.ShouldContain("is not a PNG, JPEG or WebP file");
        refusal.WayOut.ShouldContain("PNG, JPEG or WebP");
    }

    [Fact]
    public void Decode_Gif_IsRefusedByName() =>
        Should.Throw<InvalidInputException>(() => ImageDecoder.Decode("GIF89a\u0001\0\u0001\0\0\0\0;"u8)).Problem.ShouldBe("is a GIF");

    [Fact]
    public void Decode_AnimatedPng_IsRefused() =>
        Should.Throw<InvalidInputException>(() => ImageDecoder.Decode(Pictures.Animated())).Problem.ShouldBe("is animated");

    [Fact]
    public void Decode_AnimatedWebp_IsRefused() =>
        Should.Throw<InvalidInputException>(() => ImageDecoder.Decode(PictureFiles.AnimatedWebp())).Problem.ShouldBe("is animated");

    [Theory]
    [MemberData(nameof(Bombs))]
    public void Decode_HeaderThatClaimsTooManyPixels_IsRefusedBeforeAnyPixelExists(string format, byte[] file)
    {
        _ = ImageDecoder.Decode(PictureFiles.Png());
        var before = GC.GetAllocatedBytesForCurrentThread();

        var refusal = Should.Throw<InvalidInputException>(() => ImageDecoder.Decode(file));

        refusal.Problem.ShouldContain("pixels", customMessage: format);
        (GC.GetAllocatedBytesForCurrentThread() - before).ShouldBeLessThan(1 << 20);
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public void Decode_CutAnywhere_IsRefusedAndNeverHalfAPicture(string format, byte[] file)
    {
        // the last bytes of a file are checksums and end marks, which hold no pixels
        for (var length = 0; length < file.Length - 40; length += 7)
            Should.Throw<InvalidInputException>(() => ImageDecoder.Decode(file.AsSpan(0, length).ToArray()),
                $"{format} cut to {length} of {file.Length} bytes");
    }

    [Fact]
    public void Decode_SixteenBits_KeepsTheHighBytes() => ImageDecoder.Decode(Pictures.Ball16()).Pixels.ShouldBe(ImageDecoder.Decode(Pictures.Ball()).Pixels);

    [Theory]
    [InlineData(77, 77)]
    [InlineData(255, 255)]
    [InlineData(40_000, 255)]
    public void Decode_SixteenBitGray_IsClippedAsTheReferenceDoes(int sample, byte expected) =>
        ImageDecoder.Decode(PictureFiles.Gray16((ushort)sample)).Pixels.ShouldAllBe(value => value == expected);

    [Fact]
    public void Decode_GrayWithAlpha_DropsTheAlpha() =>
        ImageDecoder.Decode(PictureFiles.GrayWithAlpha(90, 0)).Pixels.ShouldAllBe(value => value == 90);

    [Fact]
    public void Decode_CmykJpeg_GivesTheColorsOfTheInks() =>
        Difference(ImageDecoder.Decode(Pictures.BallCmyk()).Pixels, ImageDecoder.Decode(Pictures.Ball()).Pixels, average: true).ShouldBeLessThan(4);

    [Theory]
    [InlineData(1, "R r B b")]
    [InlineData(2, "B b R r")]
    [InlineData(3, "b B r R")]
    [InlineData(4, "r R b B")]
    [InlineData(5, "R B r b")]
    [InlineData(6, "r b R B")]
    [InlineData(7, "b r B R")]
    [InlineData(8, "B R b r")]
    public void Decode_Orientation_TurnsThePictureUpright(int orientation, string leftTopLeftBottomRightTopRightBottom)
    {
        var image = ImageDecoder.Decode(PictureFiles.Turned(orientation));

        (image.Width, image.Height).ShouldBe(orientation < 5 ? (64, 48) : (48, 64));
        string.Join(' ', new[] { (4, 4), (4, image.Height - 5), (image.Width - 5, 4), (image.Width - 5, image.Height - 5) }.Select(place =>
            Letter(image, place.Item1, place.Item2)))
            .ShouldBe(leftTopLeftBottomRightTopRightBottom);
    }

    [Theory]
    [InlineData(1, 2_000_000)]
    [InlineData(1, 8_000_000)]
    [InlineData(1, 60_000_000)]
    [InlineData(2_000_000, 1)]
    [InlineData(100, 6401)]
    public void Decode_ExtremeShape_IsRefusedBeforeAnyPixelExists(int width, int height)
    {
        var file = Pictures.Claim(width, height);
        _ = ImageDecoder.Decode(PictureFiles.Png());
        var before = GC.GetAllocatedBytesForCurrentThread();

        var refusal = Should.Throw<InvalidInputException>(() => ImageDecoder.Decode(file, "items[1].image.encoded"));

        refusal.Field.ShouldBe("items[1].image.encoded");
        refusal.Value.ShouldContain($"{width}x{height}");
        refusal.WayOut.ShouldContain("crop");
        (GC.GetAllocatedBytesForCurrentThread() - before).ShouldBeLessThan(1 << 20);
    }

    [Fact]
    public void Decode_ProgressiveJpeg_IsTaken() => ImageDecoder.Decode(Pictures.JpegOfScans(1)).Width.ShouldBe(64);

    [Theory]
    [InlineData(Limits.JpegScans + 1)]
    [InlineData(20_000)]
    public void Decode_JpegOfManyScans_IsRefusedBeforeTheyAreRead(int scans)
    {
        var refusal = Should.Throw<InvalidInputException>(() => ImageDecoder.Decode(Pictures.JpegOfScans(scans), "image"));

        refusal.Value.ShouldContain($"{scans} scans");
        refusal.Problem.ShouldContain("at most 100");
        refusal.WayOut.ShouldContain("baseline");
    }

    [Fact]
    public void Decode_LargeJpegOfScansThatASmallOneMayHave_IsRefused()
    {
        var file = Pictures.JpegOfScans(40);
        var frame = file.AsSpan().IndexOf((ReadOnlySpan<byte>)[0xFF, 0xC2]);
        BinaryPrimitives.WriteUInt16BigEndian(file.AsSpan(frame + 5), 8000);
        BinaryPrimitives.WriteUInt16BigEndian(file.AsSpan(frame + 7), 8000);

        Should.Throw<InvalidInputException>(() => ImageDecoder.Decode(file)).Problem.ShouldContain("scans times pixels");
    }

    [Fact]
    public void Decode_CallerWhoLeft_GetsNothing()
    {
        using var left = new CancellationTokenSource();
        left.Cancel();

        Should.Throw<OperationCanceledException>(() => ImageDecoder.Decode(PictureFiles.Png(), cancellationToken: left.Token));
    }

    [Theory]
    [InlineData(6)]
    [InlineData(3)]
    public void Decode_OrientationIgnored_LeavesTheRowsAsTheyAreStored(int orientation)
    {
        var stored = ImageDecoder.Decode(PictureFiles.Turned(orientation), options: new DecodeOptions { IgnoreOrientation = true });

        (stored.Width, stored.Height).ShouldBe((64, 48));
        stored.Pixels.ShouldBe(ImageDecoder.Decode(PictureFiles.Turned(1)).Pixels);
    }

    [Fact]
    public void Area_ComesFromTheHeader()
    {
        ImageDecoder.Area(PictureFiles.Webp(20, 30)).ShouldBe(600);
        ImageDecoder.Area(Pictures.Claim(5000, 4000)).ShouldBe(20_000_000);
        Should.Throw<InvalidInputException>(() => ImageDecoder.Area(Pictures.Bomb()));
    }

    [Fact]
    public async Task Decode_ManyThreads_GiveTheSamePixels()
    {
        var file = PictureFiles.Jpeg(200, 120);
        var expected = ImageDecoder.Decode(file).Pixels;

        var all = await Task.WhenAll(Enumerable.Range(0, 64).Select(_ => Task.Run(() => ImageDecoder.Decode(file).Pixels))).DefaultTimeout();

        all.ShouldAllBe(pixels => pixels.SequenceEqual(expected));
    }

    [Fact]
    public void Encoder_Png_ComesBackBitForBit()
    {
        var image = new RgbImage(31, 17, [.. Enumerable.Range(0, 31 * 17 * 3).Select(i => (byte)(i * 7))]);

        ImageDecoder.Decode(ImageEncoder.Png(image)).Pixels.ShouldBe(image.Pixels);
    }

    [Fact]
    public void Encoder_Mask_IsBlackAndWhite() =>
        ImageDecoder.Decode(ImageEncoder.Png(new BinaryMask(2, 1, [0, 1]))).Pixels.ShouldBe(new byte[] { 0, 0, 0, 255, 255, 255 });

    private static string Letter(RgbImage image, int x, int y)
    {
        var pixel = image.Pixels.AsSpan(((y * image.Width) + x) * 3, 3);
        var letter = pixel[0] > pixel[2] ? "R" : "B";
        return Math.Max(pixel[0], pixel[2]) > 180 ? letter : letter.ToLowerInvariant();
    }

    private static double Difference(byte[] left, byte[] right, bool average = false)
    {
        left.Length.ShouldBe(right.Length);
        var differences = left.Zip(right, (a, b) => (double)Math.Abs(a - b));
        return average ? differences.Average() : differences.Max();
    }
}
