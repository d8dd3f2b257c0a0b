using Realign.Diffusion.Attention;
using Realign.Torch;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace Realign.Diffusion.FineStage;

/// <summary>
/// Modulated attention of a large map by the fused kernel. In a group of rows with the same gains, Z' = Z + R gpos (zmax - Z) - N gneg (Z - zmin) is a
/// product again: of the queries with zmax and zmin as two more columns, and the keys times 1 - R gpos - N gneg with R gpos and N gneg as two more. So only
/// the extrema of the rows are computed in the open. Exact but for rounding; without gradients, in float32.
/// </summary>
internal static class GroupedAttention
{
    // logits whose extrema are computed at once: a slice that stays in the processor's caches
    private const long ElementsPerSlice = 1L << 20;
    private const int Columns = 2;
    private const int WidthStep = 8;

    /// <summary>Writes attention of one sample into <paramref name="output"/> (1, H, Q, D), of any type.</summary>
    /// <param name="output">Result.</param>
    /// <param name="query">(1, H, Q, D)</param>
    /// <param name="key">(1, H, K, D)</param>
    /// <param name="value">(1, H, K, D)</param>
    /// <param name="scale">Factor on the logits.</param>
    /// <param name="groups">Of the map.</param>
    /// <param name="gainsOf">Gains (1, 1, 1, K) of a row.</param>
    /// <param name="cancellation">Looked at before each slice.</param>
    /// <exception cref="OperationCanceledException">The token was set.</exception>
    public static void Attend(
        Tensor output, Tensor query, Tensor key, Tensor value, double scale, QueryGroups groups, Func<long, RowGains> gainsOf, CancellationToken cancellation)
    {
        using var scope = NewDisposeScope();
        var width = query.shape[3];
        var padded = (width + Columns + WidthStep - 1) / WidthStep * WidthStep;
        // the kernel divides by the root of the width that it sees
        var scaled = query.to(ScalarType.Float32).mul(Scalars.Of(scale));
        var (keys, values) = (key.to(ScalarType.Float32), F.pad(value.to(ScalarType.Float32), [0, padded - width]));
        var (lowest, highest) = Extrema(scaled, keys, cancellation);
        var wide = cat([scaled, highest, lowest], 3).mul_(Scalars.Of(Math.Sqrt(padded)));
        wide = F.pad(wide, [0, padded - width - Columns]);
        foreach (var (first, pixels) in groups.All)
        {
            using var inner = NewDisposeScope();
            var gains = gainsOf(first);
            Tensor Column(Tensor gain) => gain.transpose(2, 3).expand(1, keys.shape[1], -1, 1);
            var changed = F.pad(cat([keys.mul(gains.Keep.transpose(2, 3)), Column(gains.Up), Column(gains.Down)], 3), [0, padded - width - Columns]);
            var attended = FusedAttention.Compute(wide.index_select(2, pixels), changed, values, null, cancellation);
            _ = output.index_copy_(2, pixels, attended.narrow(3, 0, width).to(output.dtype));
        }
    }

    // smallest and largest logit of each row: (1, H, Q, 1)
    private static (Tensor Lowest, Tensor Highest) Extrema(Tensor query, Tensor key, CancellationToken cancellation)
    {
        using var scope = NewDisposeScope();
        var (heads, queries, keys) = (query.shape[1], query.shape[2], key.shape[2]);
        var transposed = key[0].transpose(1, 2);
        var (lowest, highest) = (empty(1, heads, queries, 1, device: query.device), empty(1, heads, queries, 1, device: query.device));
        var slice = Math.Clamp(ElementsPerSlice / (heads * keys), 1, queries);
        for (long first = 0; first < queries; first += slice)
        {
            cancellation.ThrowIfCancellationRequested();
            using var inner = NewDisposeScope();
            var count = Math.Min(slice, queries - first);
            // each by itself: both in one call take the library twenty times as long
            var logits = query[0].narrow(1, first, count).bmm(transposed);
            _ = lowest[0].narrow(1, first, count).copy_(logits.amin([2], keepdim: true));
            _ = highest[0].narrow(1, first, count).copy_(logits.amax([2], keepdim: true));
        }

        return (lowest.MoveToOuterDisposeScope(), highest.MoveToOuterDisposeScope());
    }
}
