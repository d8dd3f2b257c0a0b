using static TorchSharp.torch;

namespace Realign.Diffusion.Adapters.Formats;

/// <summary>
/// up down (Hu et al. 2021), for convolutions up [out, rank] and down [rank, in, kh, kw] (LoCon), or in three pieces: down [rank, in] before a kernel
/// mid [rank, rank, kh, kw] (CP).
/// </summary>
internal sealed class LowRankFormat : LayerFormat
{
    protected override IReadOnlyList<AdapterPart> Parts => [AdapterPart.Down, AdapterPart.Up, AdapterPart.Mid];

    public override IEnumerable<string> Problems(LayerKeys keys, string layer, IReadOnlyList<long>? weight)
    {
        if (!keys.Has(AdapterPart.Down) || !keys.Has(AdapterPart.Up))
            return [$"layer '{layer}' has only one half of its pair"];
        var (down, up) = (keys.Shape(AdapterPart.Down), keys.Shape(AdapterPart.Up));
        var rank = down.Count > 0 ? down[0] : 0;
        if (weight is null)
        {
            var pair = $"keys '{keys.Entries[AdapterPart.Down].Name}' {Shapes.Text(down)} and '{keys.Entries[AdapterPart.Up].Name}' {Shapes.Text(up)}";
            return up.Count < 2 || up[1] != rank ? [$"{pair} have no common rank"] : [];
        }

        if (weight.Count < 2)
            return [$"layer '{layer}' is a norm: it has no low-rank change"];
        if (keys.Has(AdapterPart.Mid) && weight.Count != 4)
            return [$"key '{keys.Entries[AdapterPart.Mid].Name}': '{layer}' is no convolution"];
        long[] seen = keys.Has(AdapterPart.Mid) ? [weight[1]] : [.. weight.Skip(1)];
        if (rank == 0 || !Shapes.Fits(down, [rank, .. seen]))
            return [$"key '{keys.Entries[AdapterPart.Down].Name}' has shape {Shapes.Text(down)}, '{layer}' needs [rank, {string.Join(", ", seen)}]"];
        return new[]
        {
            RankProblem(keys, AdapterPart.Down), ShapeProblem(keys, AdapterPart.Up, layer, weight[0], rank),
            keys.Has(AdapterPart.Mid) ? ShapeProblem(keys, AdapterPart.Mid, layer, rank, rank, weight[2], weight[3]) : null,
        }.OfType<string>();
    }

    public override long? Rank(LayerKeys keys) => keys.Shape(AdapterPart.Down)[0];

    public override Tensor Change(IReadOnlyDictionary<AdapterPart, Tensor> parts)
    {
        using var scope = NewDisposeScope();
        var (down, up) = (Down(parts), parts[AdapterPart.Up]);
        return up.reshape(up.shape[0], -1).mm(down.reshape(down.shape[0], -1)).MoveToOuterDisposeScope();
    }

    /// <summary>The first of two maps, mid folded in: [rank, in, kh, kw] or [rank, in].</summary>
    public static Tensor Down(IReadOnlyDictionary<AdapterPart, Tensor> parts)
    {
        var down = parts[AdapterPart.Down];
        if (!parts.TryGetValue(AdapterPart.Mid, out var mid))
            return down.alias();
        using var scope = NewDisposeScope();
        // sum over n of mid[m, n, kh, kw] down[n, in]
        var pixels = mid.permute(0, 2, 3, 1).reshape(-1, mid.shape[1]);
        var folded = pixels.mm(down.reshape(down.shape[0], -1)).reshape(mid.shape[0], mid.shape[2], mid.shape[3], down.shape[1]);
        return folded.permute(0, 3, 1, 2).contiguous().MoveToOuterDisposeScope();
    }
}
