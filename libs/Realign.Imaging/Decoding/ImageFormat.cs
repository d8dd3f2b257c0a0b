using System.Buffers.Binary;

namespace Realign.Imaging.Decoding;

/// <summary>Recognizes a picture by its first bytes; names and claims of the sender do not count.</summary>
internal enum ImageFormat
{
    Unknown,
    Png,
    Jpeg,
    Webp,
    Gif,
    Avif,
    Heic,
}

/// <summary>Magic bytes of the formats.</summary>
internal static class ImageFormats
{
    private static ReadOnlySpan<byte> PngSignature => [0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A];

    public static ImageFormat Detect(ReadOnlySpan<byte> bytes)
    {
        if (bytes.StartsWith(PngSignature))
            return ImageFormat.Png;
        if (bytes.StartsWith((ReadOnlySpan<byte>)[0xFF, 0xD8, 0xFF]))
            return ImageFormat.Jpeg;
        if (bytes.Length >= 12 && bytes.StartsWith("RIFF"u8) && bytes[8..].StartsWith("WEBP"u8))
            return ImageFormat.Webp;
        if (bytes.Length >= 12 && bytes[4..].StartsWith("ftyp"u8))
            return OfBrand(bytes.Slice(8, 4));
        return bytes.StartsWith("GIF8"u8) ? ImageFormat.Gif : ImageFormat.Unknown;
    }

    /// <summary>Whether a PNG announces an animation (acTL) before its pixels; decoders that do not know it show the first frame.</summary>
    public static bool IsAnimatedPng(ReadOnlySpan<byte> bytes)
    {
        for (long at = PngSignature.Length; at + 8 <= bytes.Length;)
        {
            var length = BinaryPrimitives.ReadUInt32BigEndian(bytes[(int)at..]);
            var type = bytes.Slice((int)at + 4, 4);
            if (type.SequenceEqual("acTL"u8))
                return true;
            if (type.SequenceEqual("IDAT"u8))
                return false;
            at += 12L + length;
        }

        return false;
    }

    // brands of ISO 23008-12 and of the AV1 image file format
    private static ImageFormat OfBrand(ReadOnlySpan<byte> brand)
    {
        if (brand.SequenceEqual("avif"u8) || brand.SequenceEqual("avis"u8))
            return ImageFormat.Avif;
        return brand.StartsWith("hei"u8) || brand.StartsWith("hev"u8) || brand.SequenceEqual("mif1"u8) || brand.SequenceEqual("msf1"u8)
            ? ImageFormat.Heic
            : ImageFormat.Unknown;
    }
}
