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
    /// <param name="width">Pixels.</param>
    /// <param name="height">Pixels.</param>
    /// <param name="counts">Runs that add up to width * height.</param>
    /// <exception cref="InvalidInputException">The size is not that of a picture (<see cref="ImageSize"/>), or the runs do not fill it.</exception>
    public static MaskRuns Check(string field, int width, int height, IReadOnlyList<uint> counts)
    {
        ArgumentNullException.ThrowIfNull(counts);
        ImageSize.Check(field, width, height);
        RunLengthEncoding.CheckSum(field, width, height, counts);
        if (counts.Count > ((long)width * height) + 1)
            throw new InvalidInputException($"{field}.counts", $"{counts.Count} runs", $"a {width}x{height} mask has at most {((long)width * height) + 1}",
                "leave out runs of length 0");
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
        var union = new RunBuilder();
        Walk(masks, (length, isSet) => union.Add(isSet.Contains(true), length));
        return new MaskRuns(width, height, union.Finish());
    }

    /// <summary>
    /// Gives each pixel to one mask, without unpacking them: to that of the larger score, then of the smaller area, then the earlier in the list.
    /// </summary>
    /// <param name="masks">Of one size.</param>
    /// <param name="scores">One per mask; a mask of score 0 gets nothing.</param>
    /// <exception cref="ArgumentException">The sizes differ.</exception>
    public static IReadOnlyList<MaskRuns> Disjoint(IReadOnlyList<MaskRuns> masks, IReadOnlyList<double> scores)
    {
        ArgumentNullException.ThrowIfNull(masks);
        ArgumentNullException.ThrowIfNull(scores);
        ArgumentOutOfRangeException.ThrowIfNotEqual(scores.Count, masks.Count, nameof(scores));
        if (masks.Count == 0)
            return [];
        if (masks.Any(mask => mask.Width != masks[0].Width || mask.Height != masks[0].Height))
            throw new ArgumentException("masks of different sizes", nameof(masks));
        int[] order = [.. Enumerable.Range(0, masks.Count).Where(i => scores[i] > 0).OrderByDescending(i => scores[i]).ThenBy(i => masks[i].Area)
            .ThenBy(i => i)];
        var results = masks.Select(_ => new RunBuilder()).ToList();
        Walk(masks, (length, isSet) =>
        {
            var owner = Array.FindIndex(order, i => isSet[i]);
            for (var i = 0; i < results.Count; i++)
                results[i].Add(owner >= 0 && order[owner] == i, length);
        });
        return [.. results.Select(result => new MaskRuns(masks[0].Width, masks[0].Height, result.Finish()))];
    }

    /// <summary>The mask at another size without unpacking it: the nearest pixel, the one at floor(i * from / to).</summary>
    /// <param name="width">Pixels, at least 1.</param>
    /// <param name="height">Pixels, at least 1.</param>
    public MaskRuns Resized(int width, int height)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        if (width == Width && height == Height)
            return this;
        var target = new RunBuilder();
        var (index, runEnd) = (0, (long)Counts[0]);
        for (var x = 0; x < width; x++)
        {
            var start = (long)x * Width / width * Height;
            while (runEnd <= start)
                runEnd += Counts[++index];
            // this column's runs; the next one may begin in any of them, or be the same column again
            var (at, end, rows) = (index, runEnd, 0L);
            while (true)
            {
                var last = Math.Min(end - start, Height);
                var until = ((last * height) + Height - 1) / Height;
                target.Add(at % 2 == 1, until - rows);
                rows = until;
                if (last == Height)
                    break;
                end += Counts[++at];
            }
        }

        return new MaskRuns(width, height, target.Finish());
    }

    /// <summary>The pixels.</summary>
    /// <param name="cells">width * height bytes to use again; null = new ones.</param>
    public BinaryMask ToMask(byte[]? cells = null)
    {
        var mask = new BinaryMask(Width, Height, cells ?? new byte[checked(Width * Height)]);
        RunLengthEncoding.Fill(mask, Counts);
        return mask;
    }

    // from one change to the next, all masks together; a mask is 1 in its runs of odd index
    private static void Walk(IReadOnlyList<MaskRuns> masks, Action<long, bool[]> piece)
    {
        var size = (long)masks[0].Width * masks[0].Height;
        var index = new int[masks.Count];
        var left = masks.Select(mask => (long)mask.Counts[0]).ToArray();
        var isSet = new bool[masks.Count];
        for (long done = 0; done < size;)
        {
            var step = long.MaxValue;
            for (var i = 0; i < masks.Count; i++)
            {
                while (left[i] == 0)
                    left[i] = masks[i].Counts[++index[i]];
                step = Math.Min(step, left[i]);
                isSet[i] = index[i] % 2 == 1;
            }

            piece(step, isSet);
            done += step;
            for (var i = 0; i < masks.Count; i++)
                left[i] -= step;
        }
    }
}
