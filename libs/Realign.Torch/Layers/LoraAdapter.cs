using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace Realign.Torch.Layers;

/// <summary>
/// One low-rank pair. Whoever made the tensors disposes them after detaching. No record: two pairs of equal numbers are still two pairs.
/// </summary>
/// <param name="down">[rank, in] for a linear layer, [rank, in, kh, kw] for a convolution.</param>
/// <param name="up">[out, rank], or [out, rank, 1, 1].</param>
/// <param name="scale">Strength times alpha / rank.</param>
public sealed class LoraAdapter(Tensor down, Tensor up, double scale)
{
    /// <summary>[rank, in] for a linear layer, [rank, in, kh, kw] for a convolution.</summary>
    public Tensor Down { get; } = down;

    /// <summary>[out, rank], or [out, rank, 1, 1].</summary>
    public Tensor Up { get; } = up;

    /// <summary>Strength times alpha / rank.</summary>
    public double Scale { get; } = scale;

    /// <summary>The same pair, not a copy of it, with a factor on its scale.</summary>
    public LoraAdapter WithStrength(double strength) => new(Down, Up, Scale * strength);

    /// <summary>A copy of a base weight with the adapter folded in: W + scale * up down.</summary>
    /// <param name="weight">[out, in] or [out, in, kh, kw].</param>
    public Tensor MergeInto(Tensor weight)
    {
        using var scope = NewDisposeScope();
        var change = F.linear(Up.reshape(Up.shape[0], -1), Down.reshape(Down.shape[0], -1).t());
        return weight.detach().add(change.detach().reshape(weight.shape), alpha: Scalars.Of(Scale)).MoveToOuterDisposeScope();
    }

    internal Tensor ApplyUp(Tensor low) => Up.dim() == 4 ? Convolution.Apply(low, Up) : F.linear(low, Up);
}
