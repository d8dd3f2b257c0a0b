using Realign.Core.Images;

namespace Realign.Grounding.Sam;

/// <summary>One object to cut out: points, a box, or both, in pixels of the original image.</summary>
/// <param name="Points">Points; may be empty when there is a box.</param>
/// <param name="Labels">One a point: 1 = inside, 0 = outside, -1 = not a point.</param>
/// <param name="Box">A box around the object.</param>
public sealed record SamPrompt(IReadOnlyList<(float X, float Y)> Points, IReadOnlyList<int> Labels, BoundingBox? Box)
{
    /// <summary>A box alone.</summary>
    public static SamPrompt FromBox(BoundingBox box) => new([], [], box);
}
