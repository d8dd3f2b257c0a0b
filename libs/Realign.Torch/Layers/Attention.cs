using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace Realign.Torch.Layers;

/// <summary>Attention kernels shared by the model families.</summary>
public static class Attention
{
    /// <summary>softmax(q k^T * scale + mask) v with the fused kernel.</summary>
    /// <param name="query">(B, H, Q, D)</param>
    /// <param name="key">(B, H, K, D)</param>
    /// <param name="value">(B, H, K, D)</param>
    /// <param name="mask">Added to the logits, broadcastable to (B, H, Q, K), or null.</param>
    /// <param name="scale">Factor on the logits; null = 1/sqrt(D).</param>
    /// <returns>(B, H, Q, D)</returns>
    public static Tensor ScaledDotProduct(Tensor query, Tensor key, Tensor value, Tensor? mask = null, double? scale = null)
    {
        // the fused kernel divides by sqrt(D) and takes no scale of its own
        if (scale is { } wanted)
            query = query.mul(wanted * Math.Sqrt(query.shape[^1]));
        return F.scaled_dot_product_attention(query, key, value, mask);
    }

    /// <summary>(B, T, H*D) -> (B, H, T, D)</summary>
    public static Tensor SplitHeads(Tensor states, long heads)
    {
        var shape = states.shape;
        return states.view(shape[0], shape[1], heads, shape[2] / heads).transpose(1, 2);
    }

    /// <summary>(B, H, T, D) -> (B, T, H*D)</summary>
    public static Tensor MergeHeads(Tensor states)
    {
        var shape = states.shape;
        return states.transpose(1, 2).reshape(shape[0], shape[2], shape[1] * shape[3]);
    }

    /// <summary>Mask of a decoder: 0 on and below the diagonal, the type's lowest value above it; (1, 1, length, length).</summary>
    public static Tensor CausalMask(long length, ScalarType dtype, Device device)
    {
        using var scope = NewDisposeScope();
        var lowest = finfo(dtype).min;
        return full([length, length], lowest, dtype: dtype, device: device).triu(1).view(1, 1, length, length).MoveToOuterDisposeScope();
    }
}
