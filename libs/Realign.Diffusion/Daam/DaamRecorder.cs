using Realign.Diffusion.Attention;
using Realign.Diffusion.Modulation;
using Realign.Torch;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace Realign.Diffusion.Daam;

/// <summary>
/// Collects the cross-attention of a run into heat maps per token (Tang et al. 2023): probabilities of the prompt's half of the batch, summed
/// over the steps, of all cross-attention layers but those of the mid block.
/// </summary>
/// <remarks>Not thread-safe. Owns its sums.</remarks>
public sealed class DaamRecorder : IAttentionProcessor, IDisposable
{
    private const string MidBlock = "mid_block";
    private readonly Dictionary<string, Tensor> _sums = [];
    private IAttentionLogits? _inner;
    private int _firstRow;

    /// <summary>Layers seen so far.</summary>
    public IReadOnlyCollection<string> Layers => _sums.Keys;

    /// <summary>Prepares for one step.</summary>
    /// <param name="firstRow">First row of the prompt's half of the batch.</param>
    /// <param name="inner">What changes attention in this step; null = nothing.</param>
    public void BeginStep(int firstRow, IAttentionLogits? inner = null)
    {
        _firstRow = firstRow;
        _inner = inner;
    }

    /// <inheritdoc/>
    public bool Handles(AttentionSite site) => Records(site) || _inner?.Handles(site) == true;

    /// <inheritdoc/>
    public Tensor Process(AttentionSite site, Tensor query, Tensor key, Tensor value, double scale)
    {
        if (!Records(site))
            return _inner!.Process(site, query, key, value, scale);
        using var scope = NewDisposeScope();
        var (batch, heads, queries, width) = (query.shape[0], query.shape[1], query.shape[2], query.shape[3]);
        var keys = key.shape[2];
        var logits = query.to(ScalarType.Float32).reshape(-1, queries, width).mul(Scalars.Of(scale))
            .bmm(key.to(ScalarType.Float32).reshape(-1, keys, width).transpose(1, 2)).view(batch, heads, queries, keys);
        if (_inner?.Handles(site) == true)
            logits = _inner.Modulate(site, logits);
        var probabilities = logits.softmax(-1);
        Add(site, probabilities.narrow(0, _firstRow, batch - _firstRow).transpose(2, 3).reshape(-1, heads, keys, site.Height, site.Width));
        return probabilities.view(-1, queries, keys).bmm(value.to(ScalarType.Float32).reshape(-1, keys, width))
            .view(batch, heads, queries, width).to(query.dtype).MoveToOuterDisposeScope();
    }

    /// <summary>The sum of one layer over the steps so far: (B, heads, tokens, h, w). The caller's dispose scope owns it.</summary>
    public Tensor Sum(string layer) => _sums[layer].alias();

    /// <summary>Heat maps per token, mean over layers and heads: (B, tokens, height, width). The caller's dispose scope owns them.</summary>
    /// <param name="height">Rows of the latents.</param>
    /// <param name="width">Columns of the latents.</param>
    /// <exception cref="InvalidOperationException">Nothing was recorded.</exception>
    public Tensor HeatMaps(int height, int width)
    {
        if (_sums.Count == 0)
            throw new InvalidOperationException("no step was recorded");
        using var scope = NewDisposeScope();
        var total = _sums.Keys.Select(layer => Enlarged(layer, height, width).sum(1)).Aggregate((sum, next) => sum.add(next));
        return total.div(Scalars.Of(_sums.Values.Sum(sum => sum.shape[1]))).MoveToOuterDisposeScope();
    }

    /// <summary>One layer's maps at the size of the latents, bicubic (a = -0.75) and not negative: (B, heads, tokens, height, width).</summary>
    public Tensor Enlarged(string layer, int height, int width)
    {
        using var scope = NewDisposeScope();
        var sum = _sums[layer];
        // each map is clamped before any mean: bicubic undershoots
        return F.interpolate(sum.flatten(0, 1), size: [height, width], mode: InterpolationMode.Bicubic, align_corners: false)
            .clamp_min(Scalars.Of(0)).view(sum.shape[0], sum.shape[1], sum.shape[2], height, width).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var sum in _sums.Values)
            sum.Dispose();
        _sums.Clear();
    }

    private static bool Records(AttentionSite site) => site.IsCross && !site.Name.StartsWith(MidBlock, StringComparison.Ordinal);

    private void Add(AttentionSite site, Tensor maps)
    {
        if (_sums.TryGetValue(site.Name, out var sum))
            _ = sum.add_(maps);
        else
            _sums.Add(site.Name, maps.clone().DetachFromDisposeScope());
    }
}
