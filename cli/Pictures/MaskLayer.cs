using Realign.Core.Images;
using Realign.V1;
using Realign.Wire.Masks;

namespace Realign.Cli.Pictures;

/// <summary>A mask and what the legend says about it.</summary>
internal sealed record MaskLayer(string Title, string Detail, MaskRuns Mask)
{
    /// <summary>A layer for each entry of an answer that has a mask.</summary>
    public static IReadOnlyList<MaskLayer> Of<T>(IEnumerable<T> entries, Func<T, string> title, Func<T, Mask?> mask, Func<T, MaskRuns, string> detail)
    {
        var layers = new List<MaskLayer>();
        foreach (var entry in entries)
        {
            if (MaskMessages.ReadOrNull(mask(entry)) is { } runs)
                layers.Add(new MaskLayer(title(entry), detail(entry, runs), runs));
        }

        return layers;
    }
}
