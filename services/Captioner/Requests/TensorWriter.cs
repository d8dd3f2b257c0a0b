using System.Runtime.InteropServices;
using Google.Protobuf;
using Realign.V1;

namespace Realign.Captioner.Requests;

/// <summary>Numbers to tensors of an answer.</summary>
internal static class TensorWriter
{
    // the largest stored entry lies in (2^14, 2^15]: far from the largest half, and small entries keep their bits
    private const int LargestExponent = 15;

    public static Tensor Singles(ReadOnlySpan<float> values, params long[] shape)
    {
        var tensor = new Tensor { DataType = DataType.Float32, Data = ByteString.CopyFrom(MemoryMarshal.AsBytes(values)) };
        tensor.Shape.AddRange(shape);
        return tensor;
    }

    /// <summary>Half precision times a power of two of its own (product.md: unscaled halves lose up to 23 % of a small gradient).</summary>
    public static Tensor ScaledHalves(ReadOnlySpan<float> values, params long[] shape)
    {
        var largest = 0f;
        foreach (var value in values)
            largest = Math.Max(largest, Math.Abs(value));
        var scale = largest > 0 && float.IsFinite(largest) ? Math.Clamp(LargestExponent - (int)Math.Ceiling(Math.Log2(largest)), -126, 126) : 0;
        var halves = new Half[values.Length];
        for (var i = 0; i < halves.Length; i++)
            halves[i] = (Half)MathF.ScaleB(values[i], scale);
        var tensor = new Tensor { DataType = DataType.Float16, Data = ByteString.CopyFrom(MemoryMarshal.AsBytes(halves.AsSpan())), ScaleLog2 = scale };
        tensor.Shape.AddRange(shape);
        return tensor;
    }
}
