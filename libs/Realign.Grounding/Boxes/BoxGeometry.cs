using Realign.Core.Images;

namespace Realign.Grounding.Boxes;

/// <summary>Conversions and overlaps of boxes, in 32-bit arithmetic as the reference (torchvision box_convert, box_iou, generalized_box_iou).</summary>
public static class BoxGeometry
{
    /// <summary>Center and size to edges.</summary>
    public static BoundingBox FromCenter(float centerX, float centerY, float width, float height) =>
        new(centerX - (0.5f * width), centerY - (0.5f * height), centerX + (0.5f * width), centerY + (0.5f * height));

    /// <summary>Edges to center and size.</summary>
    public static (float CenterX, float CenterY, float Width, float Height) ToCenter(BoundingBox box) =>
        ((box.X0 + box.X1) / 2, (box.Y0 + box.Y1) / 2, box.X1 - box.X0, box.Y1 - box.Y0);

    /// <summary>Fractions of an image to its pixels.</summary>
    public static BoundingBox Scale(BoundingBox box, float width, float height) =>
        new(box.X0 * width, box.Y0 * height, box.X1 * width, box.Y1 * height);

    /// <summary>The part inside an image; may be empty.</summary>
    public static BoundingBox Clip(BoundingBox box, float width, float height) =>
        new(Math.Clamp(box.X0, 0, width), Math.Clamp(box.Y0, 0, height), Math.Clamp(box.X1, 0, width), Math.Clamp(box.Y1, 0, height));

    /// <summary>Area in square pixels.</summary>
    public static float Area(BoundingBox box) => (box.X1 - box.X0) * (box.Y1 - box.Y0);

    /// <summary>Intersection over union, 0..1; 0 where the union is empty.</summary>
    public static float Iou(BoundingBox first, BoundingBox second)
    {
        var (intersection, union) = Overlap(first, second);
        return union == 0 ? 0 : intersection / union;
    }

    /// <summary>Generalized IoU, -1..1: IoU less the share of the enclosing box that neither covers.</summary>
    public static float GeneralizedIou(BoundingBox first, BoundingBox second)
    {
        var (intersection, union) = Overlap(first, second);
        var width = Math.Max(0, Math.Max(first.X1, second.X1) - Math.Min(first.X0, second.X0));
        var height = Math.Max(0, Math.Max(first.Y1, second.Y1) - Math.Min(first.Y0, second.Y0));
        var enclosing = width * height;
        return union == 0 || enclosing == 0 ? 0 : (intersection / union) - ((enclosing - union) / enclosing);
    }

    private static (float Intersection, float Union) Overlap(BoundingBox first, BoundingBox second)
    {
        var width = Math.Max(0, Math.Min(first.X1, second.X1) - Math.Max(first.X0, second.X0));
        var height = Math.Max(0, Math.Min(first.Y1, second.Y1) - Math.Max(first.Y0, second.Y0));
        var intersection = width * height;
        return (intersection, Area(first) + Area(second) - intersection);
    }
}
