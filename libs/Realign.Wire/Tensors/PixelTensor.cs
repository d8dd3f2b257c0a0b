using System.Globalization;
using Realign.Core.Errors;
using Realign.Core.Images;
using Realign.V1;

namespace Realign.Wire.Tensors;

/// <summary>
/// Float pixels of a caller, by the rule of <c>Image.pixels</c>: RGB, channels first, nominally 0..1. What a decoder or a filter overshoots is
/// taken as it is (a model that reads 8 bits clamps it); what lies outside -0.5..1.5 was never scaled to that range and is refused.
/// </summary>
public static class PixelTensor
{
    /// <summary>Smallest value.</summary>
    public const float Smallest = -0.5f;

    /// <summary>Largest value.</summary>
    public const float Largest = 1.5f;

    /// <summary>Reads them, not rounded.</summary>
    /// <param name="field">Path of the tensor in the message, for errors.</param>
    /// <param name="tensor">[3, height, width], FLOAT32 or FLOAT16.</param>
    /// <exception cref="InvalidInputException">The shape, the size or a value is out of range.</exception>
    public static Picture Read(string field, Tensor tensor)
    {
        var (height, width) = Size(field, tensor);
        var values = TensorReader.Singles(field, tensor);
        for (var i = 0; i < values.Length; i++)
        {
            if (!(values[i] >= Smallest && values[i] <= Largest))
            {
                throw new InvalidInputException($"{field}.data", $"{values[i].ToString(CultureInfo.InvariantCulture)} at element {i}",
                    string.Create(CultureInfo.InvariantCulture, $"pixels are 0 to 1, at most {Smallest} to {Largest}"), "scale the image to 0..1");
            }
        }

        return new Picture(values, height, width);
    }

    /// <summary>Number of pixels, by the shape alone.</summary>
    /// <exception cref="InvalidInputException">The shape is not one of a picture.</exception>
    public static long Area(string field, Tensor tensor)
    {
        var (height, width) = Size(field, tensor);
        return (long)height * width;
    }

    private static (int Height, int Width) Size(string field, Tensor tensor)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        if (tensor.Shape is not [3, >= 1 and <= int.MaxValue, >= 1 and <= int.MaxValue])
        {
            throw new InvalidInputException($"{field}.shape", $"[{string.Join(", ", tensor.Shape.Take(8))}]", "the shape is [3, height, width]",
                "send channels first, without a batch axis");
        }

        var (height, width) = ((int)tensor.Shape[1], (int)tensor.Shape[2]);
        ImageSize.Check($"{field}.shape", width, height);
        return (height, width);
    }
}
