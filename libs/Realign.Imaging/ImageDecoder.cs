using NetVips;
using Realign.Core;
using Realign.Core.Errors;
using Realign.Core.Images;
using Realign.Imaging.Decoding;

namespace Realign.Imaging;

/// <summary>
/// The only place where picture bytes of a caller are decoded. PNG, JPEG and WebP by their first bytes, others when <see cref="DecodeOptions.Formats"/>
/// names them; size and scans are checked before any pixel exists (<see cref="Limits"/>); truncated and broken files are refused, animated ones unless
/// their first frame is asked for. What a picture costs is its RGB bytes and a strip of rows; of AVIF and HEIC, which are decoded whole, twice that.
/// </summary>
public static class ImageDecoder
{
    // small enough not to be a large object: those are collected late
    private const int StripBytes = 64 << 10;

    private const string WayOut = "send one still PNG, JPEG or WebP picture of up to 64 megapixels";

    private static readonly DecodeOptions _default = new();

    /// <summary>Decodes to RGB; alpha is dropped, CMYK and 16 bits are converted as the reference does.</summary>
    /// <param name="bytes">The encoded file.</param>
    /// <param name="field">Field name for messages.</param>
    /// <param name="options">How it is read; null = nothing out of the ordinary.</param>
    /// <param name="cancellationToken">Looked at between strips of rows.</param>
    /// <exception cref="InvalidInputException">Not a picture that is accepted.</exception>
    public static RgbImage Decode(ReadOnlySpan<byte> bytes, string field = "image", DecodeOptions? options = null,
        CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        options ??= _default;
        return WithHeader(bytes, field, options, (image, length) =>
        {
            // libheif has turned its pictures already
            var isTurned = options.IgnoreOrientation || !image.Contains("orientation") || image.Contains("heif-primary");
            var order = PixelOrder.Of(image.Width, image.Height, isTurned ? 1 : (int)image.Get("orientation"));
            var pixels = new byte[checked(image.Width * image.Height * 3)];
            Read(image, order, pixels, field, length, cancellationToken);
            return new RgbImage(order.Width, order.Height, pixels);
        });
    }

    /// <summary>Number of pixels, from the header alone. Refuses what <see cref="Decode"/> would refuse without decoding.</summary>
    /// <param name="bytes">The encoded file.</param>
    /// <param name="field">Field name for messages.</param>
    /// <param name="options">As of <see cref="Decode"/>.</param>
    /// <exception cref="InvalidInputException">Not a picture that is accepted.</exception>
    public static long Area(ReadOnlySpan<byte> bytes, string field = "image", DecodeOptions? options = null) =>
        WithHeader(bytes, field, (options ?? _default) with { ApplyProfile = false }, (image, _) => (long)image.Width * image.Height);

    private static T WithHeader<T>(ReadOnlySpan<byte> bytes, string field, DecodeOptions options, Func<Image, int, T> work)
    {
        var format = ImageFormats.Detect(bytes);
        if (NotTaken(format, options.Formats) is { } problem)
            throw Refused(field, bytes.Length, problem);
        if (format == ImageFormat.Png && !options.FirstFrame && ImageFormats.IsAnimatedPng(bytes))
            throw Animated(field, bytes.Length);
        var scans = format == ImageFormat.Jpeg ? JpegScans.Count(bytes) : 1;
        if (scans > Limits.JpegScans)
            throw TooManyScans(field, scans, $"at most {Limits.JpegScans} are taken");
        VipsRuntime.Ensure(format);
        try
        {
            using var image = Open(format, bytes.ToArray());
            if (!options.FirstFrame && image.Contains("n-pages") && (int)image.Get("n-pages") > 1)
                throw Animated(field, bytes.Length);
            ImageSize.Check(field, image.Width, image.Height);
            if (scans > 1 && scans * (long)image.Width * image.Height > Limits.JpegScanPixels)
                throw TooManyScans(field, scans, $"scans times pixels may be at most {Limits.JpegScanPixels}, and this has {image.Width}x{image.Height}");
            if (!options.ApplyProfile || !image.Contains(ColorProfile.Name))
                return work(image, bytes.Length);
            using var converted = ColorProfile.Apply(image, field, Describe(bytes.Length));
            return work(converted, bytes.Length);
        }
        catch (VipsException exception)
        {
            throw format == ImageFormat.Heic
                ? Refused(field, bytes.Length, $"is a HEIC picture that the libvips of this service cannot decode ({FirstLine(exception.Message)})")
                : Refused(field, bytes.Length, $"is truncated or broken ({FirstLine(exception.Message)})");
        }
    }

    private static string? NotTaken(ImageFormat format, PictureFormats more) => format switch
    {
        ImageFormat.Unknown => "is not a PNG, JPEG or WebP file",
        ImageFormat.Gif when !more.HasFlag(PictureFormats.Gif) => "is a GIF",
        ImageFormat.Avif when !more.HasFlag(PictureFormats.Avif) => "is an AVIF picture",
        ImageFormat.Heic when !more.HasFlag(PictureFormats.Heic) => "is a HEIC picture",
        _ => null,
    };

    private static Image Open(ImageFormat format, byte[] bytes) => format switch
    {
        ImageFormat.Png => Image.PngloadBuffer(bytes, access: Enums.Access.Sequential, failOn: Enums.FailOn.Truncated),
        ImageFormat.Jpeg => Image.JpegloadBuffer(bytes, access: Enums.Access.Sequential, failOn: Enums.FailOn.Truncated),
        ImageFormat.Gif => Image.GifloadBuffer(bytes, access: Enums.Access.Sequential, failOn: Enums.FailOn.Truncated),
        ImageFormat.Avif or ImageFormat.Heic => Image.HeifloadBuffer(bytes, access: Enums.Access.Sequential, failOn: Enums.FailOn.Truncated),
        _ => Image.WebploadBuffer(bytes, access: Enums.Access.Sequential, failOn: Enums.FailOn.Truncated),
    };

    // strip by strip, each straight to its place: the picture exists once, and a caller who leaves is noticed
    private static void Read(Image image, PixelOrder order, byte[] pixels, string field, int length, CancellationToken cancellationToken)
    {
        if (image.Format is not (Enums.BandFormat.Uchar or Enums.BandFormat.Ushort))
            throw Refused(field, length, $"has samples of type {image.Format}");
        var (width, bands, isWide) = (image.Width, image.Bands, image.Format == Enums.BandFormat.Ushort);
        var cmyk = image.Interpretation == Enums.Interpretation.Cmyk && bands >= 4;
        var rowBytes = width * bands * (isWide ? sizeof(ushort) : 1);
        var stripRows = Math.Max(1, StripBytes / rowBytes);
        using var region = Region.New(image);
        for (var top = 0; top < image.Height; top += stripRows)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var rows = Math.Min(stripRows, image.Height - top);
            ReadOnlySpan<byte> strip = region.Fetch(0, top, width, rows);
            for (var row = 0; row < rows; row++)
            {
                var samples = strip.Slice(row * rowBytes, rowBytes);
                var index = order.Origin + ((top + row) * order.Down);
                if (isWide)
                    PixelConversion.WideRow(samples, bands, pixels, index, order.Right);
                else
                    PixelConversion.Row(samples, bands, cmyk, pixels, index, order.Right);
            }
        }
    }

    private static InvalidInputException Refused(string field, int length, string problem) => new(field, Describe(length), problem, WayOut);

    private static InvalidInputException Animated(string field, int length) =>
        new(field, Describe(length), "is animated", "send one still picture, or ask for its first frame (first_frame)");

    private static InvalidInputException TooManyScans(string field, int scans, string problem) =>
        new(field, $"a JPEG of {scans} scans", problem, "save it again as a baseline JPEG, or as a progressive one with the encoder's own scans");

    private static string Describe(int length) => $"{length} bytes";

    private static string FirstLine(string message)
    {
        var lines = message.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        return lines.Length == 0 ? "no detail" : lines[^1];
    }
}
