using System.Globalization;
using System.Runtime.InteropServices;
using Realign.Core.Errors;
using Realign.Core.Images;
using Realign.Imaging;
using Realign.V1;

namespace Realign.Hosting.Requests;

/// <summary>Reads the image of a request.</summary>
public static class RequestImage
{
    /// <summary>The image as 8-bit RGB; float pixels are rounded.</summary>
    /// <param name="field">Path of the field.</param>
    /// <param name="image">The message; null when the caller left it out.</param>
    /// <exception cref="InvalidInputException">It is missing or not a picture.</exception>
    public static RgbImage Rgb(string field, Image? image) => image?.SourceCase switch
    {
        Image.SourceOneofCase.Encoded => ImageDecoder.Decode(image.Encoded.Span, $"{field}.encoded"),
        Image.SourceOneofCase.Pixels => FromPixels($"{field}.pixels", image.Pixels),
        _ => throw new InvalidInputException(field, "missing", "an image is needed", $"set {field}.encoded to a PNG, JPEG or WebP file, or {field}.pixels"),
    };

    /// <summary>Decodes a first picture, so that no caller waits for the image library to be loaded.</summary>
    public static void WarmUp() => _ = ImageDecoder.Decode(ImageEncoder.Png(new RgbImage(8, 8, new byte[8 * 8 * 3])));

    private static RgbImage FromPixels(string field, Tensor tensor)
    {
        if (tensor.Shape is not [3, >= 1 and <= 65535, >= 1 and <= 65535])
            throw new InvalidInputException($"{field}.shape", $"[{string.Join(", ", tensor.Shape.Take(8))}]", "the shape is [3, height, width]", "send channels first, without a batch axis");
        var (height, width) = ((int)tensor.Shape[1], (int)tensor.Shape[2]);
        if ((long)height * width > ImageDecoder.MaxPixels)
            throw new InvalidInputException($"{field}.shape", $"{width}x{height} pixels", "at most 64 megapixels are taken", "send a smaller image");
        if (tensor.DataType is not (DataType.Float32 or DataType.Float16))
            throw new InvalidInputException($"{field}.data_type", tensor.DataType.ToString(), "pixels are FLOAT32 or FLOAT16", "convert them");
        var size = tensor.DataType == DataType.Float32 ? 4 : 2;
        var expected = 3L * height * width * size;
        if (tensor.Data.Length != expected)
            throw new InvalidInputException($"{field}.data", $"{tensor.Data.Length} bytes", $"the shape needs {expected}", "send every element, little-endian");
        var factor = MathF.ScaleB(1, -Require.Range($"{field}.scale_log2", tensor.ScaleLog2, -126, 126));
        var plane = height * width;
        var bytes = new byte[plane * 3];
        var data = tensor.Data.Span;
        for (var i = 0; i < plane * 3; i++)
        {
            var value = factor * (size == 4 ? MemoryMarshal.Read<float>(data[(i * 4)..]) : (float)MemoryMarshal.Read<Half>(data[(i * 2)..]));
            if (!(value >= -0.001f && value <= 1.001f))
                throw new InvalidInputException($"{field}.data", $"{value.ToString(CultureInfo.InvariantCulture)} at element {i}", "pixels are 0 to 1", "scale the image to that range");
            bytes[(i % plane * 3) + (i / plane)] = (byte)MathF.Round(Math.Clamp(value, 0, 1) * 255);
        }

        return new RgbImage(width, height, bytes);
    }
}
