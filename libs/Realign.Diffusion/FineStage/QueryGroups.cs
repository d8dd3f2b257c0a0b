using Realign.Core.Images;
using static TorchSharp.torch;

namespace Realign.Diffusion.FineStage;

/// <summary>
/// The pixels of a feature map by the segments they are in. What Eq. 7-10 does to a row of attention depends on nothing else, so that all rows of a group
/// have the same gains. Owns its tensors.
/// </summary>
internal sealed class QueryGroups : IDisposable
{
    // beyond this many, groups are so small that they gain nothing
    private const int Most = 48;
    private const int MostSegments = 64;

    private QueryGroups(IReadOnlyList<(long First, Tensor Pixels)> all) => All = all;

    /// <summary>Of each group its first pixel and the indices of all its pixels (n), int64.</summary>
    public IReadOnlyList<(long First, Tensor Pixels)> All { get; }

    /// <summary>The groups of these masks; null = there are too many.</summary>
    /// <param name="masks">Of the size of the map.</param>
    /// <param name="device">Where attention runs.</param>
    public static QueryGroups? Of(IReadOnlyList<BinaryMask> masks, Device device)
    {
        if (masks.Count > MostSegments)
            return null;
        var groups = new Dictionary<ulong, List<long>>();
        for (var pixel = 0; pixel < masks[0].Cells.Length; pixel++)
        {
            var segments = 0UL;
            for (var i = 0; i < masks.Count; i++)
                segments |= (ulong)masks[i].Cells[pixel] << i;
            if (groups.TryGetValue(segments, out var pixels))
                pixels.Add(pixel);
            else if (groups.Count == Most)
                return null;
            else
                groups.Add(segments, [pixel]);
        }

        using var scope = NewDisposeScope();
        return new QueryGroups([.. groups.Values.Select(pixels => (pixels[0], tensor(pixels.ToArray(), device: device).DetachFromDisposeScope()))]);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var (_, pixels) in All)
            pixels.Dispose();
    }
}
