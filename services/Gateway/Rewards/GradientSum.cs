using Realign.V1;
using Realign.Wire.Tensors;

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
            var values = TensorReader.Singles("gradient", gradient);
            sum ??= new float[values.Length];
            if (!gradient.Shape.Equals(shape) || values.Length != sum.Length)
                return null;
            for (var i = 0; i < sum.Length; i++)
                sum[i] += weight * values[i];
        }

        foreach (var value in sum!)
        {
            if (!float.IsFinite(value))
                return null;
        }

        return TensorWriter.Of(dataType, sum, [.. shape]);
    }
}
