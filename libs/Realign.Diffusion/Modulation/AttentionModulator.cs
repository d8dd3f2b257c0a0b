using Realign.Diffusion.Attention;
using Realign.Torch;
using static TorchSharp.torch;
using Kernel = Realign.Torch.Layers.Attention;

namespace Realign.Diffusion.Modulation;

/// <summary>
/// Re-weights attention inside the segments of each sample: Z' = Z + R gpos (zmax - Z) - N gneg (Z - zmin), extrema per row, over all keys
/// and before any change. Samples without segments, and the negative half of a guided batch, keep the fused kernel.
/// </summary>
/// <remarks>Not thread-safe. Owns the layouts.</remarks>
/// <param name="options">Strength and form.</param>
/// <param name="layouts">One per sample of the prompt's half of the batch.</param>
/// <param name="trainSteps">Length of the training schedule.</param>
public sealed class AttentionModulator(ModulationOptions options, IReadOnlyList<ModulationLayout> layouts, int trainSteps = 1000) : IAttentionLogits, IDisposable
{
    // one head's logits of at most this many elements are computed in one piece and their gains are kept for the step, what
    // they are made of for the run; larger maps go slice by slice and nothing of their size is stored
    private const long PlainElements = 1024 * 1024;

    private readonly Dictionary<(bool IsCross, int Height, int Width, int Sample), LayerSelectors> _selectors = [];
    private readonly Dictionary<(bool IsCross, int Height, int Width, int Sample), Gains> _gains = [];
    private double _lambda;
    private int _firstRow;

    /// <summary>Prepares for one step.</summary>
    /// <param name="index">Step, from 0.</param>
    /// <param name="count">Steps of the run.</param>
    /// <param name="timestep">Training timestep.</param>
    /// <param name="firstRow">First row of the batch that is modulated.</param>
    /// <returns>Whether this step is modulated at all.</returns>
    public bool BeginStep(int index, int count, double timestep, int firstRow)
    {
        Forget();
        _firstRow = firstRow;
        _lambda = index < options.ActiveSteps(count) ? options.Lambda(timestep, trainSteps) : 0;
        return _lambda > 0 && (options.CrossWeight > 0 || options.SelfWeight > 0) && layouts.Any(layout => !layout.IsEmpty);
    }

    /// <inheritdoc/>
    public bool Handles(AttentionSite site)
    {
        ArgumentNullException.ThrowIfNull(site);
        return _lambda > 0 && (site.IsCross ? options.CrossWeight : options.SelfWeight) > 0 && layouts.Any(layout => !layout.IsEmpty);
    }

    /// <inheritdoc/>
    public Tensor Process(AttentionSite site, Tensor query, Tensor key, Tensor value, double scale)
    {
        using var scope = NewDisposeScope();
        var pieces = new List<Tensor>();
        // neighbouring rows of one kind are computed together
        for (var row = 0; row < query.shape[0];)
        {
            var count = 1;
            while (row + count < query.shape[0] && IsModulated(row + count) == IsModulated(row))
                count++;
            var (q, k, v) = (query.narrow(0, row, count), key.narrow(0, row, count), value.narrow(0, row, count));
            pieces.Add(IsModulated(row) ? Attend(site, q, k, v, scale, row) : Kernel.ScaledDotProduct(q, k, v, scale: scale));
            row += count;
        }

        return (pieces.Count == 1 ? pieces[0] : cat(pieces, 0)).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public Tensor Modulate(AttentionSite site, Tensor logits)
    {
        ArgumentNullException.ThrowIfNull(site);
        using var scope = NewDisposeScope();
        var rows = Enumerable.Range(0, (int)logits.shape[0]).Select(row => logits.narrow(0, row, 1))
            .Select((row, index) => IsModulated(index) ? Shift(site, row, index, 0) : row);
        return cat([.. rows], 0).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Forget();
        foreach (var selectors in _selectors.Values)
            selectors.Dispose();
        _selectors.Clear();
        foreach (var layout in layouts)
            layout.Dispose();
    }

    private bool IsModulated(int row) => row >= _firstRow && !layouts[row - _firstRow].IsEmpty;

    private Tensor Attend(AttentionSite site, Tensor query, Tensor key, Tensor value, double scale, int row)
    {
        using var scope = NewDisposeScope();
        var (heads, queries, keys, width) = (query.shape[1], query.shape[2], key.shape[2], query.shape[3]);
        var turned = key.to(ScalarType.Float32).reshape(-1, keys, width).transpose(1, 2);
        var values = value.to(ScalarType.Float32).reshape(-1, keys, width);
        var slice = Math.Max(1, Math.Min(queries, PlainElements / keys));
        var pieces = new List<Tensor>();
        for (long first = 0; first < queries; first += slice)
        {
            using var inner = NewDisposeScope();
            var count = Math.Min(slice, queries - first);
            var part = query.narrow(2, first, count).to(ScalarType.Float32).reshape(-1, count, width).mul(Scalars.Of(scale));
            var shifted = Shift(site, part.bmm(turned).view(-1, heads, count, keys), row, first);
            pieces.Add(shifted.softmax(-1).view(-1, count, keys).bmm(values).view(-1, heads, count, width).MoveToOuterDisposeScope());
        }

        return (pieces.Count == 1 ? pieces[0] : cat(pieces, 2)).to(query.dtype).MoveToOuterDisposeScope();
    }

    // logits (b, H, q, K) of modulated rows `row`.. and queries `firstQuery`..
    private Tensor Shift(AttentionSite site, Tensor logits, int row, long firstQuery)
    {
        using var scope = NewDisposeScope();
        // a negative dimension would mean all of them
        var (lowest, highest) = logits.aminmax(3, keepdim: true);
        var gains = Enumerable.Range(row, (int)logits.shape[0]).Select(at => GainsOf(site, at - _firstRow, firstQuery, logits.shape[2], logits.shape[3])).ToList();
        var (keep, up, down) = gains.Count == 1
            ? (gains[0].Keep, gains[0].Up, gains[0].Down)
            : (cat([.. gains.Select(gain => gain.Keep)], 0), cat([.. gains.Select(gain => gain.Up)], 0), cat([.. gains.Select(gain => gain.Down)], 0));
        // the three terms of Eq. 7 sorted by what they multiply
        return logits.mul(keep).addcmul_(up, highest, One).addcmul_(down, lowest, One).MoveToOuterDisposeScope();
    }

    private Gains GainsOf(AttentionSite site, int sample, long firstQuery, long queries, long keys)
    {
        var key = (site.IsCross, site.Height, site.Width, sample);
        if (_gains.TryGetValue(key, out var known))
            return known;
        using var scope = NewDisposeScope();
        var isWhole = queries == (long)site.Height * site.Width;
        if (!_selectors.TryGetValue(key, out var selectors))
        {
            var layout = layouts[sample].At(site.Height, site.Width);
            selectors = site.IsCross ? LayerSelectors.Cross(layout, options, firstQuery, queries, keys) : LayerSelectors.Self(layout, options, firstQuery, queries);
            if (isWhole)
                _selectors.Add(key, selectors.Keep());
        }

        var gains = LayerGains.At(selectors, (site.IsCross ? options.CrossWeight : options.SelfWeight) * _lambda, options.MaxGain);
        var up = selectors.R.mul(gains.Positive).unsqueeze(0).unsqueeze(0);
        var down = selectors.N.mul(gains.Negative.unsqueeze(1)).unsqueeze(0).unsqueeze(0);
        var made = new Gains(up.add(down).neg().add(Scalars.Of(1)), up, down);
        if (isWhole)
            _gains.Add(key, made);
        foreach (var tensor in made.All)
            _ = isWhole ? tensor.DetachFromDisposeScope() : tensor.MoveToOuterDisposeScope();
        return made;
    }

    private void Forget()
    {
        foreach (var tensor in _gains.Values.SelectMany(gains => gains.All))
            tensor.Dispose();
        _gains.Clear();
    }

    private static readonly TorchSharp.Scalar One = Scalars.Of(1);

    // (1, 1, queries, keys) each: what stays of a logit, and the shares of the row's maximum and minimum
    private sealed record Gains(Tensor Keep, Tensor Up, Tensor Down)
    {
        public IReadOnlyList<Tensor> All => [Keep, Up, Down];
    }
}
