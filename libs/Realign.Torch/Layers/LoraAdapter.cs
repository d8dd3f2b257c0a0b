using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace Realign.Torch.Layers;

/// <summary>One low-rank pair. Whoever made the tensors disposes them after detaching.</summary>
/// <param name="Down">[rank, in] for a linear layer, [rank, in, kh, kw] for a convolution.</param>
/// <param name="Up">[out, rank], or [out, rank, 1, 1].</param>
/// <param name="Scale">Strength times alpha / rank.</param>
public sealed record LoraAdapter(Tensor Down, Tensor Up, double Scale)
{
    internal Tensor ApplyUp(Tensor low) => Up.dim() == 4 ? F.conv2d(low, Up) : F.linear(low, Up);
}
