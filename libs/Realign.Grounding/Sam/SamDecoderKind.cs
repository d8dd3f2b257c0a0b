namespace Realign.Grounding.Sam;

/// <summary>Which mask decoder an export has.</summary>
public enum SamDecoderKind
{
    /// <summary>input_points and input_labels; boxes cannot be given.</summary>
    Points,

    /// <summary>input_points and input_labels, where labels 2 and 3 are the corners of a box.</summary>
    PointsWithCorners,

    /// <summary>input_boxes.</summary>
    Boxes,

    /// <summary>input_points, input_labels and input_boxes.</summary>
    PointsAndBoxes,

    /// <summary>The decoder of the segment-anything repository: one prompt a run, masks at the original size.</summary>
    Official,
}
