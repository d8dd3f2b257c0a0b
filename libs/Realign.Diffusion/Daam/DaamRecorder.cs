using Realign.Diffusion.Attention;
using Realign.Diffusion.FineStage;
using Realign.Torch;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace Realign.Diffusion.Daam;

/// <summary>
/// Collects the cross-attention of a run into heat maps per token (Tang et al. 2023): probabilities of the prompt's half of the batch, summed
/// over the steps, of all cross-attention layers but those of the mid block.
/// </summary>
/// <remarks>Not thread-safe. Owns its sums.</remarks>
/// <param name="tokens">How many columns of the text states are kept, from the begin token on; null = all.</param>
public sealed class DaamRecorder(int? tokens = null) : IDisposable
{
    private readonly Dictionary<string, Tensor> _sums = [];

    /// <summary>Layers seen so far.</summary>
    public IReadOnlyCollection<string> Layers => _sums.Keys;

    /// <summary>The processor of a step: what it sees is added to the sums.</summary>
    /// <param name="firstRow">First row of the prompt's half of the batch.</param>
    /// <param name="inner">What changes attention in this step; null = nothing.</param>
    public IAttentionProcessor AtStep(int firstRow, IAttentionLogits? inner = null) => new DaamStep(this, firstRow, inner);

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
        var first = _sums.Values.First().shape;
        var total = zeros(first[0], first[2], height, width, device: _sums.Values.First().device);
        foreach (var sum in _sums.Values)
        {
            // one head after the other: a layer of a large picture is large itself
            for (var head = 0; head < sum.shape[1]; head++)
            {
                using var inner = NewDisposeScope();
                _ = total.add_(Enlarged(sum.narrow(1, head, 1), height, width).sum(1));
            }
        }

        return total.div_(Scalars.Of(_sums.Values.Sum(sum => sum.shape[1]))).MoveToOuterDisposeScope();
    }

    /// <summary>One layer's maps at the size of the latents, bicubic (a = -0.75) and not negative: (B, heads, tokens, height, width).</summary>
    public Tensor Enlarged(string layer, int height, int width) => Enlarged(_sums[layer], height, width);

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var sum in _sums.Values)
            sum.Dispose();
        _sums.Clear();
    }

    // probabilities (B, H, q, T) of queries `firstQuery`..
    internal void Add(AttentionSite site, Tensor probabilities, long firstQuery)
    {
        using var scope = NewDisposeScope();
        var kept = Math.Min(tokens ?? long.MaxValue, probabilities.shape[3]);
        if (!_sums.TryGetValue(site.Name, out var sum))
        {
            sum = zeros([probabilities.shape[0], probabilities.shape[1], kept, site.Height, site.Width], device: probabilities.device).DetachFromDisposeScope();
            _sums.Add(site.Name, sum);
        }

        _ = sum.flatten(3).narrow(3, firstQuery, probabilities.shape[2]).add_(probabilities.narrow(3, 0, kept).transpose(2, 3));
    }

    private static Tensor Enlarged(Tensor sum, int height, int width)
    {
        using var scope = NewDisposeScope();
        // each map is clamped before any mean: bicubic undershoots
        return F.interpolate(sum.flatten(0, 1), size: [height, width], mode: InterpolationMode.Bicubic, align_corners: false)
            .clamp_min_(Scalars.Of(0)).view(sum.shape[0], sum.shape[1], sum.shape[2], height, width).MoveToOuterDisposeScope();
    }
}
