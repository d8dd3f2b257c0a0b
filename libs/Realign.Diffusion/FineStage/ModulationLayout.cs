using Realign.Core.Images;
using static TorchSharp.torch;

namespace Realign.Diffusion.FineStage;

/// <summary>The segments of one sample, and what they are at the size of each feature map. Owns its tensors.</summary>
/// <param name="segments">Disjoint masks of one size (see <see cref="SegmentMasks.Resolve"/>); none = the sample is left alone.</param>
/// <param name="suppressed">Columns that are pulled down everywhere.</param>
/// <param name="sampling">How masks shrink.</param>
/// <param name="latentHeight">Rows of the latents.</param>
/// <param name="latentWidth">Columns of the latents.</param>
/// <param name="device">Where attention runs.</param>
public sealed class ModulationLayout(
    IReadOnlyList<ModulationSegment> segments, IReadOnlyList<int> suppressed, MaskSampling sampling, int latentHeight, int latentWidth, Device device)
        : IDisposable
{
    private readonly Dictionary<(int Height, int Width), LayerLayout> _layers = [];

    /// <summary>A layout whose layers were made elsewhere, for maps of these sizes only; it owns them.</summary>
    public static ModulationLayout Of(IReadOnlyDictionary<(int Height, int Width), LayerLayout> layers)
    {
        ArgumentNullException.ThrowIfNull(layers);
        var (height, width) = layers.Keys.First();
        var whole = new BinaryMask(width, height, new byte[width * height]);
        var layout = new ModulationLayout([new ModulationSegment([], 1, whole)], [], MaskSampling.Area, height, width, CPU);
        foreach (var (size, layer) in layers)
            layout._layers.Add(size, layer);
        return layout;
    }

    /// <summary>Whether there is nothing to modulate.</summary>
    public bool IsEmpty => segments.Count == 0;

    /// <summary>The layout of a feature map; the background is what no segment covers at that size.</summary>
    public LayerLayout At(int height, int width)
    {
        if (_layers.TryGetValue((height, width), out var known))
            return known;
        // the pixels of one mask at a time, unless they are what is wanted
        var cells = segments.Count == 0 || (segments[0].Mask.Width, segments[0].Mask.Height) == (width, height)
            ? null
            : new byte[segments[0].Mask.Width * segments[0].Mask.Height];
        List<BinaryMask> masks = [.. segments.Select(segment => Shrink(segment.Mask.ToMask(cells), height, width))];
        masks.Add(SegmentMasks.Background(masks, width, height));
        var layer = new LayerLayout(
            [.. segments.Select(segment => new LayerSegment(segment.Tokens, segment.Score, false)), new LayerSegment([], 1, true)], masks, suppressed, device);
        _layers.Add((height, width), layer);
        return layer;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var layer in _layers.Values)
            layer.Dispose();
        _layers.Clear();
    }

    private BinaryMask Shrink(BinaryMask mask, int height, int width) => sampling == MaskSampling.Area
        ? SegmentMasks.Area(mask, width, height)
        : SegmentMasks.Nearest(SegmentMasks.Nearest(mask, latentWidth, latentHeight), width, height);
}
