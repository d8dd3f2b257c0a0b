namespace Realign.Core.Images;

/// <summary>A mask of 0 and 1, row-major.</summary>
public sealed class BinaryMask
{
    /// <summary>Wraps cells; the array is not copied.</summary>
    /// <param name="width">Pixels, at least 1.</param>
    /// <param name="height">Pixels, at least 1.</param>
    /// <param name="cells">width * height bytes, each 0 or 1.</param>
    public BinaryMask(int width, int height, byte[] cells)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        ArgumentNullException.ThrowIfNull(cells);
        if (cells.LongLength != (long)width * height)
            throw new ArgumentException($"{cells.LongLength} cells for a {width}x{height} mask", nameof(cells));
        Width = width;
        Height = height;
        Cells = cells;
    }

    /// <summary>Width in pixels.</summary>
    public int Width { get; }

    /// <summary>Height in pixels.</summary>
    public int Height { get; }

    /// <summary>The cells from the top left on.</summary>
    public byte[] Cells { get; }

    /// <summary>Number of cells that are 1.</summary>
    public int Area
    {
        get
        {
            var area = 0;
            foreach (var cell in Cells)
                area += cell;
            return area;
        }
    }
}
