using System.Text;
using Realign.Core.Errors;

namespace Realign.Core.Images;

/// <summary>COCO run lengths: down the columns, beginning with a run of zeros that may be empty.</summary>
public static class RunLengthEncoding
{
    /// <summary>Run lengths of a mask.</summary>
    public static uint[] Encode(BinaryMask mask)
    {
        ArgumentNullException.ThrowIfNull(mask);
        var counts = new List<uint>();
        byte current = 0;
        uint run = 0;
        for (var x = 0; x < mask.Width; x++)
        {
            for (var y = 0; y < mask.Height; y++)
            {
                var cell = mask.Cells[(y * mask.Width) + x];
                if (cell != current)
                {
                    counts.Add(run);
                    run = 0;
                    current = cell;
                }

                run++;
            }
        }

        counts.Add(run);
        return [.. counts];
    }

    /// <summary>The mask of run lengths.</summary>
    /// <param name="field">Path of the mask in the request, for the error.</param>
    /// <param name="width">Pixels.</param>
    /// <param name="height">Pixels.</param>
    /// <param name="counts">Runs that add up to width * height.</param>
    /// <exception cref="InvalidInputException">They do not.</exception>
    public static BinaryMask Decode(string field, int width, int height, IReadOnlyList<uint> counts)
    {
        CheckSum(field, width, height, counts);
        var mask = new BinaryMask(width, height, new byte[checked(width * height)]);
        Fill(mask, counts);
        return mask;
    }

    /// <summary>Writes the cells of a mask from runs that fill it.</summary>
    internal static void Fill(BinaryMask mask, IReadOnlyList<uint> counts)
    {
        var (width, height, cells) = (mask.Width, mask.Height, mask.Cells);
        Array.Clear(cells);
        long at = 0;
        for (var i = 0; i < counts.Count; at += counts[i], i++)
        {
            if ((i & 1) == 0)
                continue;
            var (x, y) = ((int)(at / height), (int)(at % height));
            for (var left = counts[i]; left > 0; x++, y = 0)
            {
                var length = (int)Math.Min(left, (uint)(height - y));
                for (var row = y; row < y + length; row++)
                    cells[(row * width) + x] = 1;
                left -= (uint)length;
            }
        }
    }

    /// <summary>Whether runs fill a mask.</summary>
    /// <exception cref="InvalidInputException">They do not.</exception>
    internal static void CheckSum(string field, int width, int height, IReadOnlyList<uint> counts)
    {
        ArgumentNullException.ThrowIfNull(counts);
        if (width < 1 || height < 1)
            throw new InvalidInputException(field, $"{width}x{height}", "a mask has at least one pixel", "give its width and height");
        var total = counts.Aggregate(0L, (sum, count) => sum + count);
        if (total != (long)width * height)
            throw new InvalidInputException($"{field}.counts", $"sum {total}", $"the runs of a {width}x{height} mask add up to {(long)width * height}",
                "count every pixel once");
    }

    /// <summary>The compressed text form of the COCO tools: from the third run on the difference to the run two before, in groups of five bits.</summary>
    public static string Compress(IReadOnlyList<uint> counts)
    {
        ArgumentNullException.ThrowIfNull(counts);
        var text = new StringBuilder();
        for (var i = 0; i < counts.Count; i++)
        {
            long value = counts[i];
            if (i > 2)
                value -= counts[i - 2];
            bool more;
            do
            {
                var group = (int)(value & 0x1f);
                value >>= 5;
                // bit 4 is the sign, so the rest must not be needed to tell it
                more = (group & 0x10) != 0 ? value != -1 : value != 0;
                _ = text.Append((char)((more ? group | 0x20 : group) + 48));
            }
            while (more);
        }

        return text.ToString();
    }

    /// <summary>Run lengths of the compressed text form.</summary>
    /// <exception cref="InvalidInputException">The text is not one.</exception>
    public static uint[] Expand(string field, string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var counts = new List<uint>();
        for (var at = 0; at < text.Length;)
        {
            long value = 0;
            for (var shift = 0; ; shift += 5)
            {
                if (at == text.Length || shift > 40 || text[at] is < '0' or > 'o')
                    throw new InvalidInputException(field, $"character {at}", "not COCO run lengths", "send the text as the COCO tools wrote it");
                var group = text[at++] - 48;
                value |= (long)(group & 0x1f) << shift;
                if ((group & 0x20) != 0)
                    continue;
                if ((group & 0x10) != 0)
                    value |= -1L << (shift + 5);
                break;
            }

            if (counts.Count > 2)
                value += counts[^2];
            if (value is < 0 or > uint.MaxValue)
                throw new InvalidInputException(field, $"run {counts.Count}", "a run is negative or too long", "send the text as the COCO tools wrote it");
            counts.Add((uint)value);
        }

        return [.. counts];
    }
}
