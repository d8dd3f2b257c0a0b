using Realign.Core.Images;
using Realign.Torch;
using static TorchSharp.torch;

namespace Realign.Diffusion.FineStage;

/// <summary>The segments of one sample at the size of one feature map. Owns its tensors.</summary>
public sealed class LayerLayout : IDisposable
{
    private readonly Lazy<QueryGroups?> _groups;

    /// <param name="segments">Background last, if there is one.</param>
    /// <param name="masks">One per segment, of the size of the map.</param>
    /// <param name="suppressed">Columns that are pulled down everywhere.</param>
    /// <param name="device">Where attention runs.</param>
    public LayerLayout(IReadOnlyList<LayerSegment> segments, IReadOnlyList<BinaryMask> masks, IReadOnlyList<int> suppressed, Device device)
    {
        ArgumentNullException.ThrowIfNull(segments);
        ArgumentNullException.ThrowIfNull(masks);
        if (segments.Count == 0 || segments.Count != masks.Count)
            throw new ArgumentException($"{segments.Count} segments, {masks.Count} masks", nameof(masks));
        Segments = segments;
        Suppressed = suppressed;
        _groups = new Lazy<QueryGroups?>(() => QueryGroups.Of(masks, device));
        using var scope = NewDisposeScope();
        Masks = TensorConvert.FromArray([.. masks.SelectMany(mask => mask.Cells).Select(cell => (float)cell)], masks.Count, masks[0].Cells.Length).to(device);
        Area = Masks.mul(Masks.mean([1], keepdim: true)).sum(dim: 0);
        Covered = Union(segment => !segment.IsBackground);
        // s = 2 is what the scene certainly holds
        Certain = Union(segment => !segment.IsBackground && segment.Score >= 2);
        foreach (var tensor in (Tensor[])[Masks, Area, Covered, Certain])
            _ = tensor.DetachFromDisposeScope();
    }

    /// <summary>In the order of the masks.</summary>
    public IReadOnlyList<LayerSegment> Segments { get; }

    /// <summary>Columns that are pulled down everywhere.</summary>
    public IReadOnlyList<int> Suppressed { get; }

    /// <summary>0 or 1, (segments, pixels).</summary>
    public Tensor Masks { get; }

    /// <summary>Area share of the segments a pixel is in, summed: (pixels).</summary>
    public Tensor Area { get; }

    /// <summary>1 in segments other than the background: (pixels).</summary>
    public Tensor Covered { get; }

    /// <summary>1 in segments of score 2: (pixels).</summary>
    public Tensor Certain { get; }

    /// <summary>Pixels by the segments they are in; null = too many groups to be of use.</summary>
    internal QueryGroups? Groups => _groups.Value;

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_groups.IsValueCreated)
            _groups.Value?.Dispose();
        Masks.Dispose();
        Area.Dispose();
        Covered.Dispose();
        Certain.Dispose();
    }

    private Tensor Union(Func<LayerSegment, bool> selects)
    {
        var rows = Enumerable.Range(0, Segments.Count).Where(i => selects(Segments[i])).ToList();
        return rows.Count == 0 ? zeros_like(Masks[0]) : stack(rows.Select(row => Masks[row]), 0).amax([0]);
    }
}
