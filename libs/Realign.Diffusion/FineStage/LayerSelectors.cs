using Realign.Torch;
using static TorchSharp.torch;

namespace Realign.Diffusion.FineStage;

/// <summary>What of Eq. 7-10 is the same in every step, for some rows (queries) of one attention layer. The caller's dispose scope owns the tensors.</summary>
/// <param name="R">1 where attention is pulled to the row's maximum, (rows, keys).</param>
/// <param name="N">1 where it is pulled to the row's minimum, (rows, keys).</param>
/// <param name="S">Factor on the pull upwards, (rows, keys).</param>
/// <param name="Rest">1 - kappa a: what the area of the row's segments leaves of the strength, (rows).</param>
public sealed record LayerSelectors(Tensor R, Tensor N, Tensor S, Tensor Rest) : IDisposable
{
    private IEnumerable<Tensor> All => [R, N, S, Rest];

    /// <summary>Selectors of rows <paramref name="firstRow"/>.. of a cross-attention layer.</summary>
    /// <param name="layout">Segments at the size of the layer.</param>
    /// <param name="options">Form.</param>
    /// <param name="firstRow">First query.</param>
    /// <param name="rows">Queries.</param>
    /// <param name="keys">Text tokens.</param>
    public static LayerSelectors Cross(LayerLayout layout, ModulationOptions options, long firstRow, long rows, long keys)
    {
        ArgumentNullException.ThrowIfNull(layout);
        ArgumentNullException.ThrowIfNull(options);
        using var scope = NewDisposeScope();
        var claims = Claims(layout, options, keys);
        var masks = layout.Masks.narrow(1, firstRow, rows);
        var selected = masks.transpose(0, 1).mm(claims).clamp_max(Scalars.Of(1));
        var factor = options.UseScores ? Scores(layout, masks, claims, selected) : ones_like(selected);
        var others = selected.neg().add(Scalars.Of(1));
        if (options.Negative == NegativeSelector.Safe)
            others = where(Rows(layout.Covered, firstRow, rows).gt(Scalars.Of(0)), others, claims.amax([0], keepdim: true));
        if (layout.Suppressed.Count > 0)
            others = maximum(others, Columns(layout.Suppressed, keys, layout.Masks.device));
        return Finish(layout, options, selected, others, factor, firstRow);
    }

    /// <summary>Selectors of rows <paramref name="firstRow"/>.. of a self-attention layer; arguments as in <see cref="Cross"/>.</summary>
    public static LayerSelectors Self(LayerLayout layout, ModulationOptions options, long firstRow, long rows)
    {
        ArgumentNullException.ThrowIfNull(layout);
        ArgumentNullException.ThrowIfNull(options);
        using var scope = NewDisposeScope();
        var selected = layout.Masks.narrow(1, firstRow, rows).transpose(0, 1).mm(layout.Masks).clamp_max(Scalars.Of(1));
        var others = selected.neg().add(Scalars.Of(1));
        if (options.Negative == NegativeSelector.Safe)
            others = where(Rows(layout.Covered, firstRow, rows).gt(Scalars.Of(0)), others, layout.Certain.unsqueeze(0));
        return Finish(layout, options, selected, others, ones_like(selected), firstRow);
    }

    /// <summary>Takes the tensors out of the dispose scope: they live until <see cref="Dispose"/>.</summary>
    /// <returns>This.</returns>
    public LayerSelectors Keep()
    {
        foreach (var tensor in All)
            _ = tensor.DetachFromDisposeScope();
        return this;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var tensor in All)
            tensor.Dispose();
    }

    private static LayerSelectors Finish(LayerLayout layout, ModulationOptions options, Tensor selected, Tensor others, Tensor factor, long firstRow)
    {
        var rest = layout.Area.narrow(0, firstRow, selected.shape[0]).mul(Scalars.Of(-options.AreaFactor)).add(Scalars.Of(1));
        return new LayerSelectors(
            selected.MoveToOuterDisposeScope(), others.MoveToOuterDisposeScope(), factor.MoveToOuterDisposeScope(), rest.MoveToOuterDisposeScope());
    }

    // 1 where a segment claims a token: (segments, keys)
    private static Tensor Claims(LayerLayout layout, ModulationOptions options, long keys)
    {
        var claims = new float[layout.Segments.Count, keys];
        for (var i = 0; i < layout.Segments.Count; i++)
        {
            foreach (var token in layout.Segments[i].Tokens)
            {
                for (var earlier = 0; options.Shared == SharedTokens.Last && earlier < i; earlier++)
                    claims[earlier, token] = 0;
                claims[i, token] = 1;
            }
        }

        return tensor(claims).to(layout.Masks.device);
    }

    private static Tensor Scores(LayerLayout layout, Tensor masks, Tensor claims, Tensor selected)
    {
        var largest = zeros_like(selected);
        for (var i = 0; i < layout.Segments.Count; i++)
        {
            if (layout.Segments[i].Tokens.Count > 0)
                largest = maximum(largest, masks[i].unsqueeze(1).mul(claims[i].unsqueeze(0)).mul(Scalars.Of(layout.Segments[i].Score)));
        }

        return where(selected.gt(Scalars.Of(0)), largest, ones_like(selected));
    }

    private static Tensor Rows(Tensor perPixel, long firstRow, long rows) => perPixel.narrow(0, firstRow, rows).unsqueeze(1);

    private static Tensor Columns(IReadOnlyList<int> columns, long keys, Device device)
    {
        var row = new float[keys];
        foreach (var column in columns)
            row[column] = 1;
        return tensor(row, [1, keys], device: device);
    }
}
