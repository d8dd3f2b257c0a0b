using System.Buffers.Binary;
using NetVips;

namespace Realign.Imaging.Tests;

/// <summary>Encoded pictures of every accepted and refused kind, made with the encoders themselves.</summary>
internal static class PictureFiles
{
    /// <summary>Left half red, right half blue, the lower half darker: every turn and mirror image looks different.</summary>
    public static byte[] Pixels(int width, int height)
    {
        var pixels = new byte[width * height * 3];
        for (var i = 0; i < width * height; i++)
            pixels[(i * 3) + (i % width < width / 2 ? 0 : 2)] = (byte)(i / width < height / 2 ? 240 : 120);
        return pixels;
    }

    public static byte[] Png(int width = 64, int height = 48) => Save(width, height, image => image.PngsaveBuffer());

    public static byte[] Jpeg(int width = 64, int height = 48) =>
        Save(width, height, image => image.JpegsaveBuffer(q: 100, subsampleMode: Enums.ForeignSubsample.Off));

    public static byte[] Webp(int width = 64, int height = 48) => Save(width, height, image => image.WebpsaveBuffer(lossless: true));

    public static byte[] Turned(int orientation)
    {
        using var image = Raw(64, 48);
        using var marked = image.Mutate(mutable => mutable.Set(GValue.GIntType, "orientation", orientation));
        return marked.JpegsaveBuffer(q: 100, subsampleMode: Enums.ForeignSubsample.Off);
    }

    public static byte[] AnimatedWebp()
    {
        using var film = Raw(64, 96);
        using var marked = film.Mutate(mutable => mutable.Set(GValue.GIntType, "page-height", 48));
        return marked.WebpsaveBuffer(lossless: true);
    }

    /// <summary>Two frames, the second one the first in other colors.</summary>
    public static byte[] AnimatedGif()
    {
        using var first = Raw(64, 48);
        using var second = first.Invert();
        using var film = first.Join(second, Enums.Direction.Vertical);
        using var marked = film.Mutate(mutable => mutable.Set(GValue.GIntType, "page-height", 48));
        return marked.GifsaveBuffer(dither: 0);
    }

    public static byte[] Gif() => Save(64, 48, image => image.GifsaveBuffer(dither: 0));

    public static byte[] Avif(int width = 64, int height = 48) =>
        Save(width, height, image => image.HeifsaveBuffer(compression: Enums.ForeignHeifCompression.Av1, lossless: true));

    /// <summary>The same picture with the numbers and the profile of a wider color space.</summary>
    public static byte[] DisplayP3() => Wide(image => image.PngsaveBuffer());

    /// <summary>A picture whose profile has lost its signature.</summary>
    public static byte[] BrokenProfile()
    {
        var file = Wide(image => image.JpegsaveBuffer(q: 100));
        "broken"u8.CopyTo(file.AsSpan(file.AsSpan().IndexOf("acsp"u8)));
        return file;
    }

    public static byte[] Gray16(ushort value)
    {
        using var image = Image.NewFromMemory(Enumerable.Repeat(value, 64).ToArray(), 8, 8, 1, Enums.BandFormat.Ushort);
        using var gray = image.Copy(interpretation: Enums.Interpretation.Grey16);
        return gray.PngsaveBuffer(bitdepth: 16);
    }

    public static byte[] GrayWithAlpha(byte value, byte alpha)
    {
        using var image = Image.NewFromMemory(Enumerable.Range(0, 128).Select(i => i % 2 == 0 ? value : alpha).ToArray(), 8, 8, 2, Enums.BandFormat.Uchar);
        using var gray = image.Copy(interpretation: Enums.Interpretation.Bw);
        return gray.PngsaveBuffer();
    }

    /// <summary>A JPEG whose frame header claims another size.</summary>
    public static byte[] JpegBomb()
    {
        var file = Jpeg();
        var frame = file.AsSpan().IndexOf((ReadOnlySpan<byte>)[0xFF, 0xC0]);
        BinaryPrimitives.WriteUInt16BigEndian(file.AsSpan(frame + 5), 65500);
        BinaryPrimitives.WriteUInt16BigEndian(file.AsSpan(frame + 7), 65500);
        return file;
    }

    /// <summary>A WebP whose headers claim 16000x16000.</summary>
    public static byte[] WebpBomb()
    {
        var file = Webp();
        var extended = file.AsSpan().IndexOf("VP8X"u8);
        if (extended >= 0)
            ((ReadOnlySpan<byte>)[0x7F, 0x3E, 0, 0x7F, 0x3E, 0]).CopyTo(file.AsSpan(extended + 12));
        var chunk = file.AsSpan().IndexOf("VP8L"u8);
        var header = BinaryPrimitives.ReadUInt32LittleEndian(file.AsSpan(chunk + 9));
        BinaryPrimitives.WriteUInt32LittleEndian(file.AsSpan(chunk + 9), (header & 0xF0000000) | (15_999 << 14) | 15_999);
        return file;
    }

    private static byte[] Save(int width, int height, Func<Image, byte[]> save)
    {
        using var image = Raw(width, height);
        return save(image);
    }

    private static byte[] Wide(Func<Image, byte[]> save)
    {
        using var image = Raw(64, 48);
        using var wide = image.IccTransform("p3", inputProfile: "srgb", depth: 8);
        return save(wide);
    }

    private static Image Raw(int width, int height)
    {
        using var image = Image.NewFromMemory(Pixels(width, height), width, height, 3, Enums.BandFormat.Uchar);
        return image.Copy(interpretation: Enums.Interpretation.Srgb);
    }
}
