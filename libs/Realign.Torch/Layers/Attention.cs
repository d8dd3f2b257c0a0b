using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace Realign.Torch.Layers;

/// <summary>Attention kernels shared by the model families.</summary>
public static class Attention
{
    // a map of at most this many elements a head is kept for the backward pass
    private const long LargestKeptMap = 1024 * 1024;

    /// <summary>
    /// softmax(q k^T * scale + mask) v. Without gradients, and for large maps, the fused kernel. With gradients an explicit softmax: the
    /// fused kernel of the CPU approximates the exponential to 20 units in the last place, which differences of nearly equal gradients
    /// (guidance: w and 1 - w) bring to light. The scale goes half to the queries and half to the keys, as in torch's
    /// <c>_scaled_dot_product_attention_math</c>: sums of gradients follow the reference more closely and fp16 logits stay small.
    /// </summary>
    /// <param name="query">(B, H, Q, D)</param>
    /// <param name="key">(B, H, K, D)</param>
    /// <param name="value">(B, H, K, D)</param>
    /// <param name="mask">Added to the logits, broadcastable to (B, H, Q, K), or null.</param>
    /// <param name="scale">Factor on the logits; null = 1/sqrt(D).</param>
    /// <returns>(B, H, Q, D)</returns>
    public static Tensor ScaledDotProduct(Tensor query, Tensor key, Tensor value, Tensor? mask = null, double? scale = null)
    {
        if (is_grad_enabled() && (query.requires_grad || key.requires_grad || value.requires_grad) && query.shape[2] * key.shape[2] <= LargestKeptMap)
        {
            using var scope = NewDisposeScope();
            var half = Math.Sqrt(scale ?? 1 / Math.Sqrt(query.shape[^1]));
            return Attend(Probabilities(query.mul(Scalars.Of(half)), key.mul(Scalars.Of(half)), 1, mask), value).MoveToOuterDisposeScope();
        }

        // the fused kernel divides by sqrt(D) and takes no scale of its own
        if (scale is { } wanted)
            query = query.mul(Scalars.Of(wanted * Math.Sqrt(query.shape[^1])));
        return F.scaled_dot_product_attention(query, key, value, mask);
    }

    /// <summary>softmax(q k^T * scale + mask): (B, H, Q, K) from (B, H, Q, D) and (B, H, K, D).</summary>
    public static Tensor Probabilities(Tensor query, Tensor key, double scale, Tensor? mask = null)
    {
        using var scope = NewDisposeScope();
        var logits = query.flatten(0, 1).bmm(key.flatten(0, 1).transpose(1, 2)).mul(Scalars.Of(scale)).view(query.shape[0], query.shape[1], query.shape[2],
            key.shape[2]);
        return F.softmax(mask is null ? logits : logits.add(mask), -1).MoveToOuterDisposeScope();
    }

    /// <summary>(B, H, Q, K) and (B, H, K, D) -> (B, H, Q, D)</summary>
    public static Tensor Attend(Tensor probabilities, Tensor value)
    {
        using var scope = NewDisposeScope();
        return probabilities.flatten(0, 1).bmm(value.flatten(0, 1)).view(value.shape[0], value.shape[1], probabilities.shape[2], value.shape[3])
            .MoveToOuterDisposeScope();
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
        return full([length, length], Scalars.Of(lowest), dtype: dtype, device: device).triu(1).view(1, 1, length, length).MoveToOuterDisposeScope();
    }
}
