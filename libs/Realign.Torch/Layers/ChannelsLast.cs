using static TorchSharp.torch;

namespace Realign.Torch.Layers;

/// <summary>
/// Feature maps with the channels of a pixel side by side in memory. Shapes stay (B, C, H, W); convolutions, norms and activations keep the order of
/// what they are given, and a map becomes a list of tokens without a copy.
/// </summary>
public static class ChannelsLast
{
    /// <summary>The same values in that order. Differentiable.</summary>
    /// <param name="map">(B, C, H, W)</param>
    public static Tensor Of(Tensor map)
    {
        ArgumentNullException.ThrowIfNull(map);
        using var scope = NewDisposeScope();
        return map.permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2).MoveToOuterDisposeScope();
    }
}
