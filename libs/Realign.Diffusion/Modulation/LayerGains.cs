using Realign.Torch;
using static TorchSharp.torch;

namespace Realign.Diffusion.Modulation;

/// <summary>Selectors and gains of some rows (queries) of one attention layer, Eq. 7-10. The caller's dispose scope owns the tensors.</summary>
/// <param name="R">1 where attention is pulled to the row's maximum, (rows, keys).</param>
/// <param name="N">1 where it is pulled to the row's minimum, (rows, keys).</param>
/// <param name="S">Factor on the pull upwards, (rows, keys).</param>
/// <param name="Positive">Gain of the pull upwards, (rows, keys).</param>
/// <param name="Negative">Gain of the pull downwards, (rows).</param>
public sealed record LayerGains(Tensor R, Tensor N, Tensor S, Tensor Positive, Tensor Negative)
{
    /// <summary>Gains of rows <paramref name="firstRow"/>.. of a cross-attention layer.</summary>
    /// <param name="layout">Segments at the size of the layer.</param>
    /// <param name="options">Strength and form.</param>
    /// <param name="lambda">lambda_t.</param>
    /// <param name="firstRow">First query.</param>
    /// <param name="rows">Queries.</param>
    /// <param name="keys">Text tokens.</param>
    public static LayerGains Cross(LayerLayout layout, ModulationOptions options, double lambda, long firstRow, long rows, long keys)
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
        return Finish(layout, options, options.CrossWeight * lambda, selected, others, factor, firstRow).MoveOut();
    }

    /// <summary>Gains of rows <paramref name="firstRow"/>.. of a self-attention layer; arguments as in <see cref="Cross"/>.</summary>
    public static LayerGains Self(LayerLayout layout, ModulationOptions options, double lambda, long firstRow, long rows)
    {
        ArgumentNullException.ThrowIfNull(layout);
        ArgumentNullException.ThrowIfNull(options);
        using var scope = NewDisposeScope();
        var selected = layout.Masks.narrow(1, firstRow, rows).transpose(0, 1).mm(layout.Masks).clamp_max(Scalars.Of(1));
        var others = selected.neg().add(Scalars.Of(1));
        if (options.Negative == NegativeSelector.Safe)
            others = where(Rows(layout.Covered, firstRow, rows).gt(Scalars.Of(0)), others, layout.Certain.unsqueeze(0));
        return Finish(layout, options, options.SelfWeight * lambda, selected, others, ones_like(selected), firstRow).MoveOut();
    }

    private LayerGains MoveOut()
    {
        foreach (var tensor in (Tensor[])[R, N, S, Positive, Negative])
            _ = tensor.MoveToOuterDisposeScope();
        return this;
    }

    private static LayerGains Finish(
        LayerLayout layout, ModulationOptions options, double strength, Tensor selected, Tensor others, Tensor factor, long firstRow)
    {
        var gain = layout.Area.narrow(0, firstRow, selected.shape[0]).mul(Scalars.Of(-options.AreaFactor)).add(Scalars.Of(1)).mul(Scalars.Of(strength));
        // the summed areas of overlapping masks exceed 1, and a negative gain would turn the pull around
        if (options.MaxGain is not null)
            gain = gain.clamp_min(Scalars.Of(0));
        var positive = factor.mul(gain.unsqueeze(1));
        return options.MaxGain is { } bound
            ? new LayerGains(selected, others, factor, positive.clamp_max(Scalars.Of(bound)), gain.clamp_max(Scalars.Of(bound)))
            : new LayerGains(selected, others, factor, positive, gain);
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
