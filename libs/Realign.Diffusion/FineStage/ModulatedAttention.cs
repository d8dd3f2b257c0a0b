using Realign.Diffusion.Attention;
using Realign.Torch;
using static TorchSharp.torch;

namespace Realign.Diffusion.FineStage;

/// <summary>
/// Attention of one modulated step: Z' = Z + R gpos (zmax - Z) - N gneg (Z - zmin), extrema per row, over all keys and before any change.
/// Samples without segments, and the negative half of a guided batch, keep the fused kernel.
/// </summary>
/// <param name="options">Strength and form.</param>
/// <param name="layouts">One per modulated row of the batch.</param>
/// <param name="gains">Of the same options and layouts.</param>
/// <param name="lambda">Strength of this step, above 0.</param>
/// <param name="firstRow">First modulated row of the batch.</param>
internal sealed class ModulatedAttention(
    ModulationOptions options, IReadOnlyList<ModulationLayout> layouts, GainCache gains, double lambda, int firstRow) : IAttentionLogits
{
    private static readonly TorchSharp.Scalar One = Scalars.Of(1);

    /// <inheritdoc/>
    public bool Handles(AttentionSite site) => (site.IsCross ? options.CrossWeight : options.SelfWeight) > 0;

    /// <inheritdoc/>
    public Tensor Process(AttentionSite site, Tensor query, Tensor key, Tensor value, double scale, CancellationToken cancellation)
    {
        using var scope = NewDisposeScope();
        var output = empty_like(query);
        // the gains of a large map are not kept: its rows of attention are computed by groups, one sample after the other
        var isLarge = query.shape[2] * key.shape[2] > GainCache.KeptElements && !is_grad_enabled();
        for (var row = 0; row < query.shape[0];)
        {
            // neighboring samples of one kind are computed together
            var (first, count) = (row, 1);
            while (!isLarge && row + count < query.shape[0] && IsModulated(row + count) == IsModulated(row))
                count++;
            var (q, k, v, target) = (query.narrow(0, row, count), key.narrow(0, row, count), value.narrow(0, row, count), output.narrow(0, row, count));
            if (!IsModulated(row))
                FusedAttention.Attend(target, q, k, v, scale, cancellation);
            else if (isLarge && layouts[row - firstRow].At(site.Height, site.Width).Groups is { } groups)
                GroupedAttention.Attend(target, q, k, v, scale, groups, at => gains.At(site, first - firstRow, lambda, at, 1, k.shape[2]), cancellation);
            else
                ExplicitAttention.Attend(target, q, k, v, scale, (logits, firstQuery) => Shift(site, logits, first, firstQuery), cancellation);
            row += count;
        }

        return output.MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public Tensor Modulate(AttentionSite site, Tensor logits, long firstQuery)
    {
        using var scope = NewDisposeScope();
        var rows = Enumerable.Range(0, (int)logits.shape[0]).Select(row => logits.narrow(0, row, 1))
            .Select((row, index) => IsModulated(index) ? Shift(site, row, index, firstQuery) : row);
        return cat([.. rows], 0).MoveToOuterDisposeScope();
    }

    private bool IsModulated(int row) => row >= firstRow && !layouts[row - firstRow].IsEmpty;

    // logits (b, H, q, K) of modulated rows `row`.. and queries `firstQuery`..
    private Tensor Shift(AttentionSite site, Tensor logits, int row, long firstQuery)
    {
        using var scope = NewDisposeScope();
        // each by itself: both in one call take the library twenty times as long
        var (lowest, highest) = (logits.amin([3], keepdim: true), logits.amax([3], keepdim: true));
        var all = Enumerable.Range(row, (int)logits.shape[0])
            .Select(at => gains.At(site, at - firstRow, lambda, firstQuery, logits.shape[2], logits.shape[3])).ToList();
        Tensor Join(Func<RowGains, Tensor> part) => all.Count == 1 ? part(all[0]) : cat([.. all.Select(part)], 0);
        // the three terms of Eq. 7 sorted by what they multiply
        return logits.mul(Join(gain => gain.Keep)).addcmul_(Join(gain => gain.Up), highest, One).addcmul_(Join(gain => gain.Down), lowest, One)
            .MoveToOuterDisposeScope();
    }
}
