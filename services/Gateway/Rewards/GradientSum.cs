using System.Runtime.InteropServices;
using Google.Protobuf;
using Realign.V1;

namespace Realign.Gateway.Rewards;

/// <summary>Weighted sum of gradients, in the element type the caller wants.</summary>
internal static class GradientSum
{
    /// <summary>Sums gradients of one image.</summary>
    /// <param name="terms">Weight and gradient [3, H, W] of each reward.</param>
    /// <param name="dataType">FLOAT32, or FLOAT16 with a power-of-two scale.</param>
    /// <returns>The sum, or null when the terms differ in shape or are not finite.</returns>
    public static Tensor? Of(IReadOnlyList<(float Weight, Tensor Gradient)> terms, DataType dataType)
    {
        // what arrived in the wanted form is handed on untouched
        if (terms is [(1f, var only)] && only.DataType == dataType)
            return only;
        var shape = terms[0].Gradient.Shape;
        float[]? sum = null;
        foreach (var (weight, gradient) in terms)
        {
            var values = Read(gradient);
            sum ??= new float[values.Length];
            if (!gradient.Shape.Equals(shape) || values.Length != sum.Length)
                return null;
            for (var i = 0; i < sum.Length; i++)
                sum[i] += weight * values[i];
        }

        var largest = 0f;
        foreach (var value in sum!)
        {
            if (!float.IsFinite(value))
                return null;
            largest = Math.Max(largest, Math.Abs(value));
        }

        var tensor = new Tensor { DataType = dataType };
        tensor.Shape.AddRange(shape);
        if (dataType == DataType.Float32)
        {
            tensor.Data = ByteString.CopyFrom(MemoryMarshal.AsBytes(sum.AsSpan()));
            return tensor;
        }

        // the largest entry lands in [2^14, 2^15), below binary16's 65504, and the small ones stay out of its subnormals
        tensor.ScaleLog2 = largest == 0 ? 0 : Math.Clamp(14 - MathF.ILogB(largest), -126, 126);
        var halves = new Half[sum.Length];
        for (var i = 0; i < sum.Length; i++)
            halves[i] = (Half)MathF.ScaleB(sum[i], tensor.ScaleLog2);
        tensor.Data = ByteString.CopyFrom(MemoryMarshal.AsBytes(halves.AsSpan()));
        return tensor;
    }

    private static float[] Read(Tensor tensor)
    {
        if (tensor.DataType == DataType.Float16)
        {
            var halves = MemoryMarshal.Cast<byte, Half>(tensor.Data.Span);
            var values = new float[halves.Length];
            for (var i = 0; i < values.Length; i++)
                values[i] = MathF.ScaleB((float)halves[i], -tensor.ScaleLog2);
            return values;
        }

        var singles = MemoryMarshal.Cast<byte, float>(tensor.Data.Span).ToArray();
        if (tensor.ScaleLog2 != 0)
        {
            for (var i = 0; i < singles.Length; i++)
                singles[i] = MathF.ScaleB(singles[i], -tensor.ScaleLog2);
        }

        return singles;
    }
}
