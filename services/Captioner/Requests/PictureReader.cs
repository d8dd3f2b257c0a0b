using System.Globalization;
using System.Runtime.InteropServices;
using Realign.Core.Errors;
using Realign.Hosting.Requests;
using Realign.Imaging;
using Realign.V1;
using Realign.VisionLanguage.Images;

namespace Realign.Captioner.Requests;

/// <summary>Reads the image of a request: an encoded file, or float pixels that are not rounded.</summary>
internal static class PictureReader
{
    // a decoder's output leaves [0, 1] a little; what is far outside was never scaled to it
    private const float Tolerated = 4;

    public static Picture Read(string field, Image? image) => image?.SourceCase switch
    {
        Image.SourceOneofCase.Encoded => new Picture(ImageDecoder.Decode(image.Encoded.Span, $"{field}.encoded")),
        Image.SourceOneofCase.Pixels => FromPixels($"{field}.pixels", image.Pixels),
        _ => throw new InvalidInputException(field, "missing", "an image is needed", $"set {field}.encoded to a PNG, JPEG or WebP file, or {field}.pixels"),
    };

    private static Picture FromPixels(string field, Tensor tensor)
    {
        if (tensor.Shape is not [3, >= 1 and <= 65535, >= 1 and <= 65535])
        {
            throw new InvalidInputException($"{field}.shape", $"[{string.Join(", ", tensor.Shape.Take(8))}]", "the shape is [3, height, width]",
                "send channels first, without a batch axis");
        }

        var (height, width) = ((int)tensor.Shape[1], (int)tensor.Shape[2]);
        if ((long)height * width > ImageDecoder.MaxPixels)
            throw new InvalidInputException($"{field}.shape", $"{width}x{height} pixels", "at most 64 megapixels are taken", "send a smaller image");
        if (tensor.DataType is not (DataType.Float32 or DataType.Float16))
            throw new InvalidInputException($"{field}.data_type", tensor.DataType.ToString(), "pixels are FLOAT32 or FLOAT16", "convert them");
        var expected = 3L * height * width * (tensor.DataType == DataType.Float32 ? 4 : 2);
        if (tensor.Data.Length != expected)
            throw new InvalidInputException($"{field}.data", $"{tensor.Data.Length} bytes", $"the shape needs {expected}", "send every element, little-endian");
        var factor = MathF.ScaleB(1, -Require.Range($"{field}.scale_log2", tensor.ScaleLog2, -126, 126));
        var values = tensor.DataType == DataType.Float32
            ? MemoryMarshal.Cast<byte, float>(tensor.Data.Span).ToArray()
            : FromHalves(MemoryMarshal.Cast<byte, Half>(tensor.Data.Span));
        for (var i = 0; i < values.Length; i++)
        {
            values[i] *= factor;
            if (!(Math.Abs(values[i]) <= Tolerated))
            {
                throw new InvalidInputException($"{field}.data", $"{values[i].ToString(CultureInfo.InvariantCulture)} at element {i}", "pixels are 0 to 1",
                    "scale the image to that range");
            }
        }

        return new Picture(values, height, width);
    }

    private static float[] FromHalves(ReadOnlySpan<Half> halves)
    {
        var values = new float[halves.Length];
        for (var i = 0; i < values.Length; i++)
            values[i] = (float)halves[i];
        return values;
    }
}
