using Realign.V1;

namespace Realign.Gateway.Realigning;

/// <summary>Works on masks without unpacking them to pixels.</summary>
internal static class RunLengths
{
    /// <summary>Pixels that are 1.</summary>
    public static long Area(Mask mask)
    {
        long area = 0;
        for (var i = 1; i < mask.Counts.Count; i += 2)
            area += mask.Counts[i];
        return area;
    }

    /// <summary>Pixels that are 1 in any of the masks.</summary>
    /// <returns>False when the sizes differ, the runs do not fill them, or no pixel is set.</returns>
    public static bool TryUnion(IReadOnlyList<Mask> masks, out Mask union)
    {
        union = new Mask { Width = masks[0].Width, Height = masks[0].Height };
        var size = (long)union.Width * union.Height;
        foreach (var mask in masks)
        {
            if (mask.Width != union.Width || mask.Height != union.Height || mask.Counts.Sum(count => (long)count) != size)
                return false;
        }

        // walk all masks from one change to the next; a mask is 1 in its runs of odd index
        var index = new int[masks.Count];
        var left = masks.Select(mask => mask.Counts.Count > 0 ? (long)mask.Counts[0] : 0).ToArray();
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
                union.Counts.Add((uint)run);
                run = 0;
                value = any;
            }

            run += step;
            done += step;
            for (var i = 0; i < masks.Count; i++)
                left[i] -= step;
        }

        union.Counts.Add((uint)run);
        return Area(union) > 0;
    }
}
