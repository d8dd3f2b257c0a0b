using Realign.Core.Errors;
using Realign.Core.Images;
using Realign.Imaging;
using Realign.V1;
using Realign.Wire.Tensors;

namespace Realign.Wire.Images;

/// <summary>Reads the image of a request.</summary>
public static class RequestImage
{
    // of the process: so are the decoders behind it
    private static PictureFormats _formats;

    /// <summary>Reads further formats from now on, in this process.</summary>
    /// <param name="names">Names of <see cref="PictureFormats"/> with commas; empty = none.</param>
    public static void Allow(string names)
    {
        ArgumentNullException.ThrowIfNull(names);
        if (names.Length > 0)
            _formats |= Enum.Parse<PictureFormats>(names, ignoreCase: true);
    }

    /// <summary>The picture: a decoded file, or float pixels that are not rounded.</summary>
    /// <param name="field">Path of the field.</param>
    /// <param name="image">The message; null when the caller left it out.</param>
    /// <param name="cancellationToken">The caller's.</param>
    /// <exception cref="InvalidInputException">It is missing or not a picture.</exception>
    public static Picture Read(string field, Image? image, CancellationToken cancellationToken = default) => image?.SourceCase switch
    {
        Image.SourceOneofCase.Encoded => new Picture(ImageDecoder.Decode(image.Encoded.Span, $"{field}.encoded", Options(image), cancellationToken)),
        Image.SourceOneofCase.Pixels => PixelTensor.Read($"{field}.pixels", image.Pixels),
        _ => throw Missing(field),
    };

    /// <summary>Number of pixels, without decoding them.</summary>
    /// <param name="field">Path of the field.</param>
    /// <param name="image">The message; null when the caller left it out.</param>
    /// <exception cref="InvalidInputException">It is missing, or its header is not that of a picture that is taken.</exception>
    public static long Area(string field, Image? image) => image?.SourceCase switch
    {
        Image.SourceOneofCase.Encoded => ImageDecoder.Area(image.Encoded.Span, $"{field}.encoded", Options(image)),
        Image.SourceOneofCase.Pixels => PixelTensor.Area($"{field}.pixels", image.Pixels),
        _ => throw Missing(field),
    };

    /// <summary>Decodes a first picture, so that no caller waits for the image library to be loaded.</summary>
    public static void WarmUp() => _ = ImageDecoder.Decode(ImageEncoder.Png(new RgbImage(8, 8, new byte[8 * 8 * 3])));

    private static DecodeOptions Options(Image image) => new()
    {
        IgnoreOrientation = image.IgnoreOrientation,
        FirstFrame = image.FirstFrame,
        ApplyProfile = image.ApplyProfile,
        Formats = _formats,
    };

    private static InvalidInputException Missing(string field) =>
        new(field, "missing", "an image is needed", $"set {field}.encoded to a PNG, JPEG or WebP file, or {field}.pixels");
}
