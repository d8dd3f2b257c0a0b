using Realign.Torch;
using static TorchSharp.torch;

namespace Realign.Diffusion.Attention;

/// <summary>
/// Attention with its logits in the open, for processors that change them or look at the probabilities: in slices of the queries, each
/// written into one output, so that memory does not grow with the square of the picture. Each query's softmax runs over all keys: slices
/// are exact.
/// </summary>
internal static class ExplicitAttention
{
    // logits of a slice, all heads and samples together
    private const long ElementsPerSlice = 2L << 20;

    /// <summary>Writes attention into <paramref name="output"/> (B, H, Q, D); computed in float32.</summary>
    /// <param name="output">Of any type.</param>
    /// <param name="query">(B, H, Q, D)</param>
    /// <param name="key">(B, H, K, D)</param>
    /// <param name="value">(B, H, K, D)</param>
    /// <param name="scale">Factor on the logits.</param>
    /// <param name="change">Scaled logits (B, H, q, K) and the first query's index to what the softmax takes.</param>
    /// <param name="cancellation">Looked at before each slice.</param>
    /// <param name="show">Sees the probabilities (B, H, q, K) and the first query's index.</param>
    public static void Attend(
        Tensor output, Tensor query, Tensor key, Tensor value, double scale, Func<Tensor, long, Tensor> change, CancellationToken cancellation,
        Action<Tensor, long>? show = null)
    {
        using var scope = NewDisposeScope();
        var (batch, heads, queries, keys, width) = (query.shape[0], query.shape[1], query.shape[2], key.shape[2], query.shape[3]);
        // (B, H, K, D) -> (B * H, D, K)
        var transposed = key.to(ScalarType.Float32).reshape(-1, keys, width).transpose(1, 2);
        var values = value.to(ScalarType.Float32).reshape(-1, keys, width);
        var slice = Math.Clamp(ElementsPerSlice / (batch * heads * keys), 1, queries);
        for (long first = 0; first < queries; first += slice)
        {
            cancellation.ThrowIfCancellationRequested();
            using var inner = NewDisposeScope();
            var count = Math.Min(slice, queries - first);
            var part = query.narrow(2, first, count).to(ScalarType.Float32).reshape(-1, count, width).mul(Scalars.Of(scale));
            var logits = change(part.bmm(transposed).view(batch, heads, count, keys), first);
            var probabilities = logits.softmax(-1);
            show?.Invoke(probabilities, first);
            _ = output.narrow(2, first, count).copy_(probabilities.view(-1, count, keys).bmm(values).view(batch, heads, count, width));
        }
    }
}
