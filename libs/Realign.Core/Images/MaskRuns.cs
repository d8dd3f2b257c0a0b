using Realign.Core.Errors;

namespace Realign.Core.Images;

/// <summary>A mask as run lengths: a fraction of the memory of its pixels.</summary>
/// <param name="Width">Pixels.</param>
/// <param name="Height">Pixels.</param>
/// <param name="Counts">COCO run lengths: down the columns, beginning with a run of zeros that may be empty; they add up to width * height.</param>
public sealed record MaskRuns(int Width, int Height, IReadOnlyList<uint> Counts)
{
    /// <summary>Number of pixels that are 1.</summary>
    public long Area
    {
        get
        {
            long area = 0;
            for (var i = 1; i < Counts.Count; i += 2)
                area += Counts[i];
            return area;
        }
    }

    /// <summary>Share of the pixels that are 1, 0..1.</summary>
    public double Share => Area / ((double)Width * Height);

    /// <summary>Encodes a mask.</summary>
    public static MaskRuns From(BinaryMask mask)
    {
        ArgumentNullException.ThrowIfNull(mask);
        return new MaskRuns(mask.Width, mask.Height, RunLengthEncoding.Encode(mask));
    }

    /// <summary>Runs of a caller.</summary>
    /// <param name="field">Path of the mask in the request, for the error.</param>
    /// <param name="width">Pixels, 1 to <see cref="Limits.MaskEdge"/>.</param>
    /// <param name="height">Pixels, likewise.</param>
    /// <param name="counts">Runs that add up to width * height.</param>
    /// <exception cref="InvalidInputException">The size is out of range, or the runs do not fill it.</exception>
    public static MaskRuns Check(string field, int width, int height, IReadOnlyList<uint> counts)
    {
        ArgumentNullException.ThrowIfNull(counts);
        if (width is < 1 or > Limits.MaskEdge || height is < 1 or > Limits.MaskEdge)
        {
            var edge = width is < 1 or > Limits.MaskEdge ? "width" : "height";
            throw new InvalidInputException($"{field}.{edge}", $"{(edge == "width" ? width : height)}", $"outside 1..{Limits.MaskEdge}", "send the mask at the size of the image");
        }

        RunLengthEncoding.CheckSum(field, width, height, counts);
        return new MaskRuns(width, height, counts);
    }

    /// <summary>Pixels that are 1 in any of the masks, without unpacking them.</summary>
    /// <param name="masks">At least one.</param>
    /// <returns>Null when the sizes differ.</returns>
    public static MaskRuns? Union(IReadOnlyList<MaskRuns> masks)
    {
        ArgumentNullException.ThrowIfNull(masks);
        ArgumentOutOfRangeException.ThrowIfZero(masks.Count);
        var (width, height) = (masks[0].Width, masks[0].Height);
        if (masks.Any(mask => mask.Width != width || mask.Height != height))
            return null;
        var size = (long)width * height;
        // walk all masks from one change to the next; a mask is 1 in its runs of odd index
        var index = new int[masks.Count];
        var left = masks.Select(mask => (long)mask.Counts[0]).ToArray();
        var counts = new List<uint>();
        var value = false;
        long run = 0;
        for (long done = 0; done < size;)
        {
            var step = long.MaxValue;
            var any = false;
            for (var i = 0; i < masks.Count; i++)
            {
                while (left[i] == 0)
                    left[i] = masks[i].Counts[++index[i]];
                step = Math.Min(step, left[i]);
                any |= index[i] % 2 == 1;
            }

            if (any != value)
            {
                counts.Add((uint)run);
                run = 0;
                value = any;
            }

            run += step;
            done += step;
            for (var i = 0; i < masks.Count; i++)
                left[i] -= step;
        }

        counts.Add((uint)run);
        return new MaskRuns(width, height, counts);
    }

    /// <summary>The pixels.</summary>
    public BinaryMask ToMask() => RunLengthEncoding.Decode("mask", Width, Height, Counts);
}
