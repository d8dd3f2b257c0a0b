using static TorchSharp.torch;
using Kernel = Realign.Torch.Layers.Attention;

namespace Realign.Diffusion.Attention;

/// <summary>
/// The fused kernel, in slices of the queries where the map is large, so that a cancelled run ends soon. Each query's softmax runs over
/// all keys: slices are exact.
/// </summary>
internal static class FusedAttention
{
    // a slice of this many multiplications takes well below a second on one core
    private const long MultiplicationsPerSlice = 4L << 30;
    // the kernel works on blocks of queries of a power of two up to this one
    private const long Block = 256;

    /// <summary>softmax(q k^T * scale) v; with gradients in one piece.</summary>
    /// <returns>(B, H, Q, D)</returns>
    public static Tensor Compute(Tensor query, Tensor key, Tensor value, double? scale, CancellationToken cancellation)
    {
        if (Slice(query, key) >= query.shape[2] || (is_grad_enabled() && (query.requires_grad || key.requires_grad || value.requires_grad)))
            return Kernel.ScaledDotProduct(query, key, value, scale: scale);
        using var scope = NewDisposeScope();
        var output = empty_like(query);
        Attend(output, query, key, value, scale, cancellation);
        return output.MoveToOuterDisposeScope();
    }

    /// <summary>The same, written into <paramref name="output"/> (B, H, Q, D).</summary>
    public static void Attend(Tensor output, Tensor query, Tensor key, Tensor value, double? scale, CancellationToken cancellation)
    {
        var (queries, slice) = (query.shape[2], Slice(query, key));
        for (long first = 0; first < queries; first += slice)
        {
            cancellation.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            var count = Math.Min(slice, queries - first);
            _ = output.narrow(2, first, count).copy_(Kernel.ScaledDotProduct(query.narrow(2, first, count), key, value, scale: scale));
        }
    }

    private static long Slice(Tensor query, Tensor key)
    {
        var perQuery = 2 * query.shape[0] * query.shape[1] * key.shape[2] * query.shape[3];
        return Math.Max(1, MultiplicationsPerSlice / perQuery / Block) * Block;
    }
}
