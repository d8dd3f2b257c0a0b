using Realign.Core.Numbers;
using Realign.Torch;
using static TorchSharp.torch;

namespace Realign.Training.Transport;

/// <summary>
/// A gradient with respect to an image, packed for the wire as float16 with a power-of-two scale. Unscaled float16 flushes two thirds
/// of a mean-type reward's gradient to zero.
/// </summary>
/// <param name="Stored">float16, cotangent * 2^Log2Scale; largest magnitude in 16384..32768.</param>
/// <param name="Log2Scale">Exponent of the scale; 0 for an all-zero cotangent.</param>
public sealed record Cotangent(Tensor Stored, int Log2Scale)
{
    /// <summary>Chooses the scale and packs.</summary>
    /// <param name="gradient">Finite numbers, any shape.</param>
    /// <exception cref="ArgumentException">A number is not finite.</exception>
    public static Cotangent Pack(Tensor gradient)
    {
        using var scope = NewDisposeScope();
        var largest = gradient.numel() == 0 ? 0 : gradient.detach().abs().max().to(ScalarType.Float64).item<double>();
        if (!double.IsFinite(largest))
            throw new ArgumentException("a cotangent must be finite", nameof(gradient));
        var exponent = HalfScale.Exponent(largest);
        var stored = gradient.detach().to(ScalarType.Float64).mul(Scalars.Of(Math.ScaleB(1, exponent))).to(ScalarType.Float16);
        return new Cotangent(stored.MoveToOuterDisposeScope(), exponent);
    }

    /// <summary>The gradient in float32.</summary>
    public Tensor Unpack()
    {
        using var scope = NewDisposeScope();
        return Stored.to(ScalarType.Float64).mul(Scalars.Of(Math.ScaleB(1, -Log2Scale))).to(ScalarType.Float32).MoveToOuterDisposeScope();
    }

    /// <summary>-(image * cotangent).sum(): what the owner of the image back-propagates for the loss -reward.</summary>
    /// <param name="image">The image the reward was computed on, in the graph of the caller.</param>
    /// <param name="gradient">d reward / d image, a constant of the same shape.</param>
    public static Tensor Loss(Tensor image, Tensor gradient)
    {
        if (!image.shape.SequenceEqual(gradient.shape))
            throw new ArgumentException($"image [{string.Join(", ", image.shape)}], gradient [{string.Join(", ", gradient.shape)}]", nameof(gradient));
        using var scope = NewDisposeScope();
        return image.mul(gradient.detach()).sum().neg().MoveToOuterDisposeScope();
    }
}
