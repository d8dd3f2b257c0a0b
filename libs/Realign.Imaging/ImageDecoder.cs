using NetVips;
using Realign.Core.Errors;
using Realign.Core.Images;
using Realign.Imaging.Decoding;

namespace Realign.Imaging;

/// <summary>
/// The only place where picture bytes of a caller are decoded. PNG, JPEG and WebP by their first bytes; the size is checked in the header, before any
/// pixel exists; animated, truncated and broken files are refused.
/// </summary>
public static class ImageDecoder
{
    private const string WayOut = "send one still PNG, JPEG or WebP picture of up to 64 megapixels";

    /// <summary>Decodes to upright RGB; alpha is dropped, CMYK and 16 bits are converted as the reference does.</summary>
    /// <param name="bytes">The encoded file.</param>
    /// <param name="field">Field name for messages.</param>
    /// <exception cref="InvalidInputException">Not a picture that is accepted.</exception>
    public static RgbImage Decode(ReadOnlySpan<byte> bytes, string field = "image")
    {
        var format = ImageFormats.Detect(bytes);
        if (format is ImageFormat.Unknown or ImageFormat.Gif)
            throw Refused(field, bytes.Length, format == ImageFormat.Gif ? "is a GIF" : "is not a PNG, JPEG or WebP file");
        if (format == ImageFormat.Png && ImageFormats.IsAnimatedPng(bytes))
            throw Refused(field, bytes.Length, "is animated");
        VipsRuntime.Ensure();
        try
        {
            using var image = Open(format, bytes.ToArray());
            Check(image, field, bytes.Length);
            return Orientation.Apply(ToRgb(image, field, bytes.Length), image.Contains("orientation") ? (int)image.Get("orientation") : 1);
        }
        catch (VipsException exception)
        {
            throw new InvalidInputException(field, Describe(bytes.Length), $"is truncated or broken ({FirstLine(exception.Message)})", WayOut);
        }
    }

    private static Image Open(ImageFormat format, byte[] bytes) => format switch
    {
        ImageFormat.Png => Image.PngloadBuffer(bytes, access: Enums.Access.Sequential, failOn: Enums.FailOn.Truncated),
        ImageFormat.Jpeg => Image.JpegloadBuffer(bytes, access: Enums.Access.Sequential, failOn: Enums.FailOn.Truncated),
        _ => Image.WebploadBuffer(bytes, access: Enums.Access.Sequential, failOn: Enums.FailOn.Truncated),
    };

    private static void Check(Image image, string field, int length)
    {
        if (image.Contains("n-pages") && (int)image.Get("n-pages") > 1)
            throw Refused(field, length, "is animated");
        ImageSize.Check(field, image.Width, image.Height);
    }

    private static RgbImage ToRgb(Image image, string field, int length)
    {
        var cmyk = image.Interpretation == Enums.Interpretation.Cmyk && image.Bands >= 4;
        var pixels = image.Format switch
        {
            Enums.BandFormat.Uchar => PixelConversion.FromBytes(image.WriteToMemory<byte>(), image.Bands, cmyk),
            Enums.BandFormat.Ushort => PixelConversion.FromWords(image.WriteToMemory<ushort>(), image.Bands),
            _ => throw Refused(field, length, $"has samples of type {image.Format}"),
        };
        return new RgbImage(image.Width, image.Height, pixels);
    }

    private static InvalidInputException Refused(string field, int length, string problem) => new(field, Describe(length), problem, WayOut);

    private static string Describe(int length) => $"{length} bytes";

    private static string FirstLine(string message)
    {
        var lines = message.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        return lines.Length == 0 ? "no detail" : lines[^1];
    }
}
