using Realign.Core.Images;

namespace Realign.Diffusion.FineStage;

/// <summary>Makes masks disjoint and brings them to other sizes.</summary>
public static class SegmentMasks
{
    /// <summary>Soft masks count as covered from here on.</summary>
    public const float BinarizeAt = 0.5f;

    /// <summary>A soft mask as 0 and 1.</summary>
    /// <param name="width">Pixels.</param>
    /// <param name="height">Pixels.</param>
    /// <param name="values">width * height shares, row-major.</param>
    public static BinaryMask Binarize(int width, int height, ReadOnlySpan<float> values)
    {
        var cells = new byte[values.Length];
        for (var i = 0; i < cells.Length; i++)
            cells[i] = values[i] >= BinarizeAt ? (byte)1 : (byte)0;
        return new BinaryMask(width, height, cells);
    }

    /// <summary>Gives each pixel to one segment: larger score, then smaller mask, then earlier in the list. Score 0 gets none.</summary>
    /// <param name="masks">Of one size.</param>
    /// <param name="scores">One per mask.</param>
    public static IReadOnlyList<BinaryMask> Resolve(IReadOnlyList<BinaryMask> masks, IReadOnlyList<double> scores)
    {
        ArgumentNullException.ThrowIfNull(masks);
        ArgumentNullException.ThrowIfNull(scores);
        if (masks.Count == 0)
            return [];
        if (masks.Any(mask => mask.Width != masks[0].Width || mask.Height != masks[0].Height))
            throw new ArgumentException("masks of different sizes", nameof(masks));
        var results = masks.Select(mask => new BinaryMask(mask.Width, mask.Height, new byte[mask.Cells.Length])).ToList();
        var taken = new bool[masks[0].Cells.Length];
        foreach (var index in Enumerable.Range(0, masks.Count).Where(i => scores[i] > 0).OrderByDescending(i => scores[i]).ThenBy(i => masks[i].Area)
            .ThenBy(i => i))
        {
            for (var cell = 0; cell < taken.Length; cell++)
            {
                if (masks[index].Cells[cell] == 0 || taken[cell])
                    continue;
                taken[cell] = true;
                results[index].Cells[cell] = 1;
            }
        }

        return results;
    }

    /// <summary>What no mask covers.</summary>
    public static BinaryMask Background(IReadOnlyList<BinaryMask> masks, int width, int height)
    {
        ArgumentNullException.ThrowIfNull(masks);
        var cells = new byte[width * height];
        for (var i = 0; i < cells.Length; i++)
            cells[i] = masks.Any(mask => mask.Cells[i] != 0) ? (byte)0 : (byte)1;
        return new BinaryMask(width, height, cells);
    }

    /// <summary>Nearest pixel (the one at floor(i * from / to)).</summary>
    public static BinaryMask Nearest(BinaryMask mask, int width, int height)
    {
        ArgumentNullException.ThrowIfNull(mask);
        if (mask.Width == width && mask.Height == height)
            return mask;
        var cells = new byte[width * height];
        for (var y = 0; y < height; y++)
        {
            var row = (int)((long)y * mask.Height / height) * mask.Width;
            for (var x = 0; x < width; x++)
                cells[(y * width) + x] = mask.Cells[row + (int)((long)x * mask.Width / width)];
        }

        return new BinaryMask(width, height, cells);
    }

    /// <summary>Cells of which at least half is covered; when there is none, the best covered one, the first of equals.</summary>
    public static BinaryMask Area(BinaryMask mask, int width, int height)
    {
        ArgumentNullException.ThrowIfNull(mask);
        var cells = new byte[width * height];
        var (best, bestShare) = (-1, 0.0);
        for (var cell = 0; cell < cells.Length; cell++)
        {
            var share = Share(mask, cell % width, cell / width, width, height);
            if (share >= BinarizeAt)
                cells[cell] = 1;
            if (share > bestShare)
                (best, bestShare) = (cell, share);
        }

        if (best >= 0)
            cells[best] = 1;
        return new BinaryMask(width, height, cells);
    }

    // windows as adaptive average pooling has them: from floor to ceiling
    private static double Share(BinaryMask mask, int x, int y, int width, int height)
    {
        var (left, right) = ((int)((long)x * mask.Width / width), (int)((((long)(x + 1) * mask.Width) + width - 1) / width));
        var (top, bottom) = ((int)((long)y * mask.Height / height), (int)((((long)(y + 1) * mask.Height) + height - 1) / height));
        var covered = 0;
        for (var row = top; row < bottom; row++)
        {
            foreach (var cell in mask.Cells.AsSpan((row * mask.Width) + left, right - left))
                covered += cell;
        }

        return (double)covered / ((right - left) * (bottom - top));
    }
}
