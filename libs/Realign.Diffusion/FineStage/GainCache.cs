using Realign.Diffusion.Attention;
using Realign.Torch;
using static TorchSharp.torch;

namespace Realign.Diffusion.FineStage;

/// <summary>
/// Gains of all layers of a run. Small maps: what they are made of is kept for the run, the gains for the strength last asked for, as all
/// layers of a step ask for the same. Large maps: made for the rows that are asked for, and nothing of their size is stored.
/// </summary>
/// <remarks>Not thread-safe. Every answer depends on its arguments only.</remarks>
internal sealed class GainCache(ModulationOptions options, IReadOnlyList<ModulationLayout> layouts) : IDisposable
{
    /// <summary>Elements of a map a head up to which its gains are kept.</summary>
    public const long KeptElements = 1L << 16;

    private readonly Dictionary<Layer, LayerSelectors> _selectors = [];
    private readonly Dictionary<Layer, (double Lambda, RowGains Gains)> _gains = [];

    /// <summary>Gains of some rows of one layer. The caller's dispose scope owns the result.</summary>
    /// <param name="site">Where.</param>
    /// <param name="sample">Which layout.</param>
    /// <param name="lambda">Strength of the step.</param>
    /// <param name="firstRow">First query.</param>
    /// <param name="rows">Queries.</param>
    /// <param name="keys">Pixels or text tokens.</param>
    public RowGains At(AttentionSite site, int sample, double lambda, long firstRow, long rows, long keys)
    {
        var layer = new Layer(site.IsCross, site.Height, site.Width, sample);
        var strength = (site.IsCross ? options.CrossWeight : options.SelfWeight) * lambda;
        var all = (long)site.Height * site.Width;
        if (all * keys > KeptElements)
        {
            using var scope = NewDisposeScope();
            var made = Gains(Select(layer, firstRow, rows, keys), strength);
            foreach (var tensor in made.All)
                _ = tensor.MoveToOuterDisposeScope();
            return made;
        }

        var whole = Kept(layer, lambda, strength, all, keys);
        return rows == all ? whole : whole.Rows(firstRow, rows);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var tensor in _gains.Values.SelectMany(kept => kept.Gains.All))
            tensor.Dispose();
        foreach (var selectors in _selectors.Values)
            selectors.Dispose();
        _gains.Clear();
        _selectors.Clear();
    }

    private RowGains Kept(Layer layer, double lambda, double strength, long rows, long keys)
    {
        if (_gains.TryGetValue(layer, out var known))
        {
            if (known.Lambda.Equals(lambda))
                return known.Gains;
            foreach (var tensor in known.Gains.All)
                tensor.Dispose();
            _ = _gains.Remove(layer);
        }

        using var scope = NewDisposeScope();
        if (!_selectors.TryGetValue(layer, out var selectors))
            _selectors.Add(layer, selectors = Select(layer, 0, rows, keys).Keep());
        var gains = Gains(selectors, strength);
        foreach (var tensor in gains.All)
            _ = tensor.DetachFromDisposeScope();
        _gains.Add(layer, (lambda, gains));
        return gains;
    }

    private LayerSelectors Select(Layer layer, long firstRow, long rows, long keys)
    {
        var layout = layouts[layer.Sample].At(layer.Height, layer.Width);
        return layer.IsCross ? LayerSelectors.Cross(layout, options, firstRow, rows, keys) : LayerSelectors.Self(layout, options, firstRow, rows);
    }

    private RowGains Gains(LayerSelectors selectors, double strength)
    {
        var gains = LayerGains.At(selectors, strength, options.MaxGain);
        var up = selectors.R.mul(gains.Positive).unsqueeze(0).unsqueeze(0);
        var down = selectors.N.mul(gains.Negative.unsqueeze(1)).unsqueeze(0).unsqueeze(0);
        return new RowGains(up.add(down).neg_().add_(Scalars.Of(1)), up, down);
    }

    private readonly record struct Layer(bool IsCross, int Height, int Width, int Sample);
}
