using System.Runtime.InteropServices;
using Google.Protobuf;
using Realign.Core.Numbers;
using Realign.V1;

namespace Realign.Wire.Tensors;

/// <summary>Numbers to tensors of a message.</summary>
public static class TensorWriter
{
    /// <summary>FLOAT32.</summary>
    /// <param name="values">Row-major.</param>
    /// <param name="shape">Its product is the number of values.</param>
    public static Tensor Singles(ReadOnlySpan<float> values, params ReadOnlySpan<long> shape)
    {
        var tensor = new Tensor { DataType = DataType.Float32, Data = ByteString.CopyFrom(MemoryMarshal.AsBytes(values)) };
        tensor.Shape.AddRange(shape.ToArray());
        return tensor;
    }

    /// <summary>FLOAT16 times a power of two of its own (<see cref="HalfScale"/>).</summary>
    /// <param name="values">Row-major.</param>
    /// <param name="shape">Its product is the number of values.</param>
    public static Tensor ScaledHalves(ReadOnlySpan<float> values, params ReadOnlySpan<long> shape)
    {
        var largest = 0f;
        foreach (var value in values)
            largest = Math.Max(largest, Math.Abs(value));
        var scale = HalfScale.Exponent(largest);
        var halves = new Half[values.Length];
        for (var i = 0; i < halves.Length; i++)
            halves[i] = (Half)MathF.ScaleB(values[i], scale);
        var tensor = new Tensor { DataType = DataType.Float16, Data = ByteString.CopyFrom(MemoryMarshal.AsBytes(halves.AsSpan())), ScaleLog2 = scale };
        tensor.Shape.AddRange(shape.ToArray());
        return tensor;
    }

    /// <summary>FLOAT32, or FLOAT16 with its scale.</summary>
    /// <param name="dataType">One of the two.</param>
    /// <param name="values">Row-major.</param>
    /// <param name="shape">Its product is the number of values.</param>
    public static Tensor Of(DataType dataType, ReadOnlySpan<float> values, params ReadOnlySpan<long> shape) =>
        dataType == DataType.Float16 ? ScaledHalves(values, shape) : Singles(values, shape);
}
