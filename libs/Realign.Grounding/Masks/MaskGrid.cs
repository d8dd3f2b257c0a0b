using Realign.Core.Images;

namespace Realign.Grounding.Masks;

/// <summary>A mask on the coarser square grid of an attention map, in the ways that are in use.</summary>
public static class MaskGrid
{
    /// <summary>Share of each cell that the mask covers (adaptive average pooling; cells overlap where the size is not divisible).</summary>
    /// <returns>grid * grid values, 0..1, row-major.</returns>
    public static float[] Area(BinaryMask mask, int grid)
    {
        Check(mask, grid);
        var areas = new float[grid * grid];
        for (var row = 0; row < grid; row++)
        {
            var (top, bottom) = Cell(row, mask.Height, grid);
            for (var column = 0; column < grid; column++)
            {
                var (left, right) = Cell(column, mask.Width, grid);
                var sum = 0;
                for (var y = top; y < bottom; y++)
                {
                    for (var x = left; x < right; x++)
                        sum += mask.Cells[(y * mask.Width) + x];
                }

                areas[(row * grid) + column] = (float)sum / ((bottom - top) * (right - left));
            }
        }

        return areas;
    }

    /// <summary>
    /// Cells covered more than half. A mask that is not empty keeps at least its best-covered cell, the first of equals, so that no object gets lost.
    /// </summary>
    /// <param name="mask">The mask.</param>
    /// <param name="grid">Cells a side.</param>
    /// <param name="takesHalf">Whether a cell covered exactly by half counts.</param>
    public static BinaryMask Covered(BinaryMask mask, int grid, bool takesHalf = false)
    {
        var areas = Area(mask, grid);
        var cells = Array.ConvertAll(areas, area => (byte)(area > 0.5f || (takesHalf && area == 0.5f) ? 1 : 0));
        var best = areas.Max();
        if (best > 0 && !cells.AsSpan().Contains((byte)1))
            cells[Array.IndexOf(areas, best)] = 1;
        return new BinaryMask(grid, grid, cells);
    }

    /// <summary>The pixel at the top left of each cell; loses small objects.</summary>
    public static BinaryMask Nearest(BinaryMask mask, int grid)
    {
        Check(mask, grid);
        var cells = new byte[grid * grid];
        for (var row = 0; row < grid; row++)
        {
            for (var column = 0; column < grid; column++)
            {
                var (y, x) = ((long)row * mask.Height / grid, (long)column * mask.Width / grid);
                cells[(row * grid) + column] = mask.Cells[(y * mask.Width) + x];
            }
        }

        return new BinaryMask(grid, grid, cells);
    }

    /// <summary>Bilinear samples at the cells' centers (align_corners=False), without or with the antialiasing that averages over the whole cell.</summary>
    /// <returns>grid * grid values, 0..1, row-major.</returns>
    public static float[] Bilinear(BinaryMask mask, int grid, bool antialias)
    {
        Check(mask, grid);
        var values = Array.ConvertAll(mask.Cells, cell => (float)cell);
        return antialias
            ? BilinearResize.Antialiased(values, mask.Width, mask.Height, grid, grid)
            : BilinearResize.Sampled(values, mask.Width, mask.Height, grid, grid);
    }

    private static (int Start, int End) Cell(int index, int size, int grid) =>
        ((int)((long)index * size / grid), (int)((((long)(index + 1) * size) + grid - 1) / grid));

    private static void Check(BinaryMask mask, int grid)
    {
        ArgumentNullException.ThrowIfNull(mask);
        ArgumentOutOfRangeException.ThrowIfLessThan(grid, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(grid, 4096);
    }
}
