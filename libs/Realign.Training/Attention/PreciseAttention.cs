using Realign.Diffusion.Attention;
using static TorchSharp.torch;

namespace Realign.Training.Attention;

/// <summary>
/// Attention with an explicit softmax for training. The fused kernel of the CPU approximates the exponential to 20 units in the last
/// place, which guidance (two nearly equal gradients with weights w and 1 - w) multiplies by 2 w. Large maps stay with the fused
/// kernel, because their probabilities would have to be kept for the backward pass.
/// </summary>
/// <param name="inner">Comes first at the sites it handles; null = none.</param>
public sealed class PreciseAttention(IAttentionProcessor? inner = null) : IAttentionProcessor
{
    private const long LargestMap = 1024 * 1024;

    /// <inheritdoc/>
    public bool Handles(AttentionSite site)
    {
        long pixels = (long)site.Height * site.Width;
        return inner?.Handles(site) == true || site.IsCross || pixels * pixels <= LargestMap;
    }

    /// <inheritdoc/>
    public Tensor Process(AttentionSite site, Tensor query, Tensor key, Tensor value, double scale)
    {
        if (inner?.Handles(site) == true)
            return inner.Process(site, query, key, value, scale);
        using var scope = NewDisposeScope();
        return Attend(Probabilities(query, key, scale), value).MoveToOuterDisposeScope();
    }

    /// <summary>softmax(q k^T * scale): (B H, Q, K) from (B, H, Q, D) and (B, H, K, D).</summary>
    internal static Tensor Probabilities(Tensor query, Tensor key, double scale) =>
        nn.functional.softmax(query.flatten(0, 1).bmm(key.flatten(0, 1).transpose(1, 2)).mul(scale), -1);

    /// <summary>(B H, Q, K) and (B, H, K, D) -> (B, H, Q, D)</summary>
    internal static Tensor Attend(Tensor probabilities, Tensor value) =>
        probabilities.bmm(value.flatten(0, 1)).view(value.shape[0], value.shape[1], probabilities.shape[1], value.shape[3]);
}
