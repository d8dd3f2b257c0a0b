using Realign.V1;

namespace Realign.Cli.Pictures;

/// <summary>Unpacks run lengths.</summary>
internal static class MaskPixels
{
    /// <summary>Row-major cells. Runs go down the columns and alternate between 0 and 1, beginning with 0.</summary>
    public static bool[] Unpack(Mask mask)
    {
        var cells = new bool[mask.Width * mask.Height];
        long position = 0;
        for (var i = 0; i < mask.Counts.Count; i++)
        {
            var end = Math.Min(position + mask.Counts[i], cells.Length);
            for (; position < end; position++)
            {
                if (i % 2 == 1)
                    cells[((int)position % mask.Height * mask.Width) + ((int)position / mask.Height)] = true;
            }
        }

        return cells;
    }

    /// <summary>Share of the image, 0..1.</summary>
    public static double Share(Mask mask)
    {
        long area = 0;
        for (var i = 1; i < mask.Counts.Count; i += 2)
            area += mask.Counts[i];
        return (double)area / Math.Max(1, (long)mask.Width * mask.Height);
    }
}
