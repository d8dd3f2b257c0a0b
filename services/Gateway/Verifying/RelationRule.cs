using Realign.V1;

namespace Realign.Gateway.Verifying;

/// <summary>
/// Whether a relation holds between the centers of two objects' boxes. As T2I-CompBench judges it (algorithms 9.6), the centers must be in
/// the demanded order and lie further apart along that axis than across it; besides, a difference of half an object holds by itself.
/// </summary>
internal static class RelationRule
{
    /// <summary>Share of the objects' mean extent along the axis below which a difference tells nothing.</summary>
    private const double LeastShift = 0.1;

    /// <summary>Share of the objects' mean extent along the axis from which on a difference is clear, whatever it is across.</summary>
    private const double ClearShift = 0.5;

    /// <summary>Gap between two boxes, in mean extents of the objects, up to which they are next to each other.</summary>
    private const double Near = 1;

    /// <summary>Gap from which on they are not.</summary>
    private const double Far = 2;

    /// <summary>The verdict.</summary>
    /// <param name="kind">The relation.</param>
    /// <param name="subject">Box of the first object.</param>
    /// <param name="other">Box of the second object.</param>
    /// <param name="isEither">Whether the two are the same to the prompt ("a car left of a car"), so that the order may be either.</param>
    public static Verdict Of(RelationKind kind, Box subject, Box other, bool isEither)
    {
        var (right, width) = (CenterX(other) - CenterX(subject), Mean(Width(subject), Width(other)));
        var (down, height) = (CenterY(other) - CenterY(subject), Mean(Height(subject), Height(other)));
        return kind switch
        {
            RelationKind.LeftOf => Along(right, down, width, isEither),
            RelationKind.RightOf => Along(-right, down, width, isEither),
            RelationKind.Above => Along(down, right, height, isEither),
            RelationKind.Below => Along(-down, right, height, isEither),
            RelationKind.NextTo => Beside(subject, other),
            _ => Verdict.Unknown,
        };
    }

    /// <summary>The smallest box around all of an object's boxes.</summary>
    /// <param name="boxes">At least one.</param>
    public static Box Around(IReadOnlyCollection<Box> boxes) => new()
    {
        X0 = boxes.Min(box => box.X0),
        Y0 = boxes.Min(box => box.Y0),
        X1 = boxes.Max(box => box.X1),
        Y1 = boxes.Max(box => box.Y1),
    };

    private static Verdict Along(double along, double across, double extent, bool isEither)
    {
        var shift = Math.Abs(along);
        if (shift < LeastShift * extent || (shift < ClearShift * extent && shift < Math.Abs(across)))
            return Verdict.Unknown;
        return along > 0 || isEither ? Verdict.Confirmed : Verdict.Contradicted;
    }

    private static Verdict Beside(Box subject, Box other)
    {
        var gapX = Math.Max(0, Math.Max(subject.X0, other.X0) - Math.Min(subject.X1, other.X1));
        var gapY = Math.Max(0, Math.Max(subject.Y0, other.Y0) - Math.Min(subject.Y1, other.Y1));
        var extent = Mean(Math.Max(Width(subject), Height(subject)), Math.Max(Width(other), Height(other)));
        var gap = Math.Sqrt((gapX * gapX) + (gapY * gapY)) / extent;
        return gap <= Near ? Verdict.Confirmed : gap >= Far ? Verdict.Contradicted : Verdict.Unknown;
    }

    // a box without extent has a center all the same: a pixel keeps the quotient finite
    private static double Mean(double first, double second) => Math.Max(1, (first + second) / 2);

    private static double Width(Box box) => box.X1 - box.X0;

    private static double Height(Box box) => box.Y1 - box.Y0;

    private static double CenterX(Box box) => (box.X0 + box.X1) / 2;

    private static double CenterY(Box box) => (box.Y0 + box.Y1) / 2;
}
