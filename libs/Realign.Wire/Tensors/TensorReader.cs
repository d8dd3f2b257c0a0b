using System.Globalization;
using System.Runtime.InteropServices;
using Realign.Core.Errors;
using Realign.Core.Numbers;
using Realign.V1;
using Realign.Wire.Requests;

namespace Realign.Wire.Tensors;

/// <summary>Tensors of a message to numbers; unscaled, whatever their element type.</summary>
public static class TensorReader
{
    /// <summary>Float numbers of FLOAT32 or FLOAT16, in row-major order.</summary>
    /// <param name="field">Path of the tensor in the message, for errors.</param>
    /// <param name="tensor">The message.</param>
    /// <exception cref="InvalidInputException">Another type, a scale out of range, a shape that is not one, or more or less data than it needs.</exception>
    public static float[] Singles(string field, Tensor tensor)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        if (tensor.DataType is not (DataType.Float32 or DataType.Float16))
            throw new InvalidInputException($"{field}.data_type", tensor.DataType.ToString(), "FLOAT32 or FLOAT16 is needed", "convert the numbers");
        var scale = Require.Range($"{field}.scale_log2", tensor.ScaleLog2, -HalfScale.Range, HalfScale.Range);
        var expected = Elements(field, tensor) * (tensor.DataType == DataType.Float32 ? sizeof(float) : 2);
        if (tensor.Data.Length != expected)
        {
            throw new InvalidInputException($"{field}.data", $"{tensor.Data.Length} bytes",
                $"the shape needs {expected.ToString(CultureInfo.InvariantCulture)}",
                "send every element, little-endian");
        }

        var values = tensor.DataType == DataType.Float32 ? MemoryMarshal.Cast<byte, float>(tensor.Data.Span).ToArray() : FromHalves(MemoryMarshal.Cast<byte,
            Half>(tensor.Data.Span));
        if (scale != 0)
        {
            for (var i = 0; i < values.Length; i++)
                values[i] = MathF.ScaleB(values[i], -scale);
        }

        return values;
    }

    // the product cannot overflow: it is compared with the data, and no message is that long
    private static long Elements(string field, Tensor tensor)
    {
        long elements = 1;
        foreach (var size in tensor.Shape)
        {
            if (size is < 1 or > int.MaxValue || (elements *= size) > int.MaxValue)
            {
                throw new InvalidInputException($"{field}.shape", $"[{string.Join(", ", tensor.Shape.Take(8))}]",
                    "every dimension is at least 1, their product at most 2^31 - 1",
                    "send the shape of the data");
            }
        }

        return elements;
    }

    private static float[] FromHalves(ReadOnlySpan<Half> halves)
    {
        var values = new float[halves.Length];
        for (var i = 0; i < values.Length; i++)
            values[i] = (float)halves[i];
        return values;
    }
}
