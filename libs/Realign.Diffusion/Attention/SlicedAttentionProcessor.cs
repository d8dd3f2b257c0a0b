using static TorchSharp.torch;
using Kernel = Realign.Torch.Layers.Attention;

namespace Realign.Diffusion.Attention;

/// <summary>
/// Attention in slices of the queries: the same values, and memory for the logits that is bounded whatever the image size.
/// Each query's softmax runs over all keys, so slicing queries is exact.
/// </summary>
public sealed class SlicedAttentionProcessor : IAttentionProcessor
{
    private readonly int _queries;

    /// <param name="queriesPerSlice">Pixels per slice, at least 1; maps with fewer pixels are left to the fused kernel.</param>
    public SlicedAttentionProcessor(int queriesPerSlice)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(queriesPerSlice, 1);
        _queries = queriesPerSlice;
    }

    /// <inheritdoc/>
    public bool Handles(AttentionSite site)
    {
        ArgumentNullException.ThrowIfNull(site);
        return (long)site.Height * site.Width > _queries;
    }

    /// <inheritdoc/>
    public Tensor Process(AttentionSite site, Tensor query, Tensor key, Tensor value, double scale)
    {
        using var scope = NewDisposeScope();
        var slices = query.split(_queries, 2).Select(slice => Kernel.ScaledDotProduct(slice, key, value, scale: scale)).ToList();
        return cat(slices, 2).MoveToOuterDisposeScope();
    }
}
