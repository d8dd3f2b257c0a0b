using Realign.Core.Images;

namespace Realign.Grounding.Masks;

/// <summary>Measures and combinations of masks of one size.</summary>
public static class MaskGeometry
{
    /// <summary>The smallest box around the cells that are 1, right and bottom exclusive; null for an empty mask.</summary>
    public static BoundingBox? TightBox(BinaryMask mask)
    {
        ArgumentNullException.ThrowIfNull(mask);
        var (left, top, right, bottom) = (mask.Width, mask.Height, 0, 0);
        for (var y = 0; y < mask.Height; y++)
        {
            var row = mask.Cells.AsSpan(y * mask.Width, mask.Width);
            var first = row.IndexOf((byte)1);
            if (first < 0)
                continue;
            left = Math.Min(left, first);
            right = Math.Max(right, row.LastIndexOf((byte)1) + 1);
            top = Math.Min(top, y);
            bottom = y + 1;
        }

        return right == 0 ? null : new BoundingBox(left, top, right, bottom);
    }

    /// <summary>Cells that are 1 in both, and in either.</summary>
    public static (int Intersection, int Union) Overlap(BinaryMask first, BinaryMask second)
    {
        RequireSameSize(first, second);
        var (intersection, union) = (0, 0);
        for (var i = 0; i < first.Cells.Length; i++)
        {
            intersection += first.Cells[i] & second.Cells[i];
            union += first.Cells[i] | second.Cells[i];
        }

        return (intersection, union);
    }

    /// <summary>Intersection over union, 0..1; two empty masks never match.</summary>
    public static float Iou(BinaryMask first, BinaryMask second)
    {
        var (intersection, union) = Overlap(first, second);
        return union == 0 ? 0 : (float)intersection / union;
    }

    /// <summary>Cells that are 1 in any of the masks.</summary>
    /// <param name="masks">At least one.</param>
    public static BinaryMask Union(IReadOnlyList<BinaryMask> masks)
    {
        ArgumentNullException.ThrowIfNull(masks);
        ArgumentOutOfRangeException.ThrowIfZero(masks.Count);
        var cells = (byte[])masks[0].Cells.Clone();
        foreach (var mask in masks.Skip(1))
        {
            RequireSameSize(masks[0], mask);
            for (var i = 0; i < cells.Length; i++)
                cells[i] |= mask.Cells[i];
        }

        return new BinaryMask(masks[0].Width, masks[0].Height, cells);
    }

    /// <summary>Gives every cell to one mask: the larger score wins, then the smaller area, then the lower index.</summary>
    /// <returns>Row-major index of the owner, -1 = background.</returns>
    public static int[] Owners(IReadOnlyList<BinaryMask> masks, IReadOnlyList<float> scores)
    {
        ArgumentNullException.ThrowIfNull(masks);
        ArgumentNullException.ThrowIfNull(scores);
        ArgumentOutOfRangeException.ThrowIfZero(masks.Count);
        ArgumentOutOfRangeException.ThrowIfNotEqual(scores.Count, masks.Count, nameof(scores));
        var owners = new int[masks[0].Cells.Length];
        Array.Fill(owners, -1);
        foreach (var index in Enumerable.Range(0, masks.Count).OrderByDescending(index => scores[index]).ThenBy(index => masks[index].Area))
        {
            RequireSameSize(masks[0], masks[index]);
            for (var i = 0; i < owners.Length; i++)
            {
                if (owners[i] < 0 && masks[index].Cells[i] != 0)
                    owners[i] = index;
            }
        }

        return owners;
    }

    /// <summary>
    /// A mask without the cells that touch its outside (4-neighborhood; the image's border is no outside). Where that leaves less than a third of it, as
    /// it does with thin and small objects, the mask itself.
    /// </summary>
    public static BinaryMask WithoutEdge(BinaryMask mask)
    {
        ArgumentNullException.ThrowIfNull(mask);
        var cells = (byte[])mask.Cells.Clone();
        for (var y = 0; y < mask.Height; y++)
        {
            for (var x = 0; x < mask.Width; x++)
            {
                var at = (y * mask.Width) + x;
                if ((x > 0 && mask.Cells[at - 1] == 0) || (x + 1 < mask.Width && mask.Cells[at + 1] == 0)
                    || (y > 0 && mask.Cells[at - mask.Width] == 0) || (y + 1 < mask.Height && mask.Cells[at + mask.Width] == 0))
                    cells[at] = 0;
            }
        }

        var inner = new BinaryMask(mask.Width, mask.Height, cells);
        return 3 * (long)inner.Area >= mask.Area ? inner : mask;
    }

    private static void RequireSameSize(BinaryMask first, BinaryMask second)
    {
        if (first.Width != second.Width || first.Height != second.Height)
            throw new ArgumentException($"masks of {first.Width}x{first.Height} and {second.Width}x{second.Height}");
    }
}
