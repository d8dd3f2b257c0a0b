using Realign.Core.Images;
using Realign.V1;
using Realign.Wire.Masks;

namespace Realign.Gateway.Places;

/// <summary>A place in an image that a phrase was found at.</summary>
/// <param name="Box">Its rectangle.</param>
/// <param name="Score">The detector's score for the phrase, 0..1.</param>
/// <param name="Mask">Its exact shape; null where the segmenter gave none or an empty one.</param>
/// <param name="Colors">Colors inside the mask, the largest share first; empty where they were not asked for or cannot be named.</param>
internal sealed record Region(Box Box, float Score, MaskRuns? Mask, IReadOnlyList<ColorShare> Colors)
{
    /// <summary>A detection of the segmenter.</summary>
    public static Region Of(Detection detection) => new(
        detection.Box ?? new Box(), detection.Score, MaskMessages.ReadOrNull(detection.Mask) is { Area: > 0 } mask ? mask : null, detection.Colors);

    /// <summary>Middle of the box, from the left.</summary>
    public float CenterX => (Box.X0 + Box.X1) / 2;

    /// <summary>Area that two regions share by the area of both: of their masks, or of their boxes where a mask is missing.</summary>
    public double Overlap(Region other)
    {
        var width = Math.Min(Box.X1, other.Box.X1) - Math.Max(Box.X0, other.Box.X0);
        var height = Math.Min(Box.Y1, other.Box.Y1) - Math.Max(Box.Y0, other.Box.Y0);
        var shared = width > 0 && height > 0 ? (double)width * height : 0;
        // boxes that lie apart need no look at the masks
        if (Size(Box) > 0 && Size(other.Box) > 0 && shared == 0)
            return 0;
        if (Mask is { } mask && other.Mask is { } otherMask && MaskRuns.Union([mask, otherMask]) is { } union)
            return (mask.Area + otherMask.Area - union.Area) / (double)union.Area;
        var both = Size(Box) + Size(other.Box) - shared;
        return both > 0 ? shared / both : 0;
    }

    private static double Size(Box box) => Math.Max(0, box.X1 - box.X0) * (double)Math.Max(0, box.Y1 - box.Y0);
}
