namespace Realign.Metrics.Oracle;

/// <summary>Connected regions of a plane of flags, over edges and corners.</summary>
internal static class Regions
{
    /// <summary>The regions, each as the indices of its pixels.</summary>
    /// <param name="flags">Side x side flags, row-major; all are cleared.</param>
    public static List<List<int>> Of(bool[] flags)
    {
        const int Side = PictureField.Side;
        var regions = new List<List<int>>();
        for (var start = 0; start < flags.Length; start++)
        {
            if (!flags[start])
                continue;
            var region = new List<int> { start };
            flags[start] = false;
            for (var next = 0; next < region.Count; next++)
            {
                var (x, y) = (region[next] % Side, region[next] / Side);
                for (var row = Math.Max(0, y - 1); row <= Math.Min(Side - 1, y + 1); row++)
                {
                    for (var column = Math.Max(0, x - 1); column <= Math.Min(Side - 1, x + 1); column++)
                    {
                        var at = (row * Side) + column;
                        if (!flags[at])
                            continue;
                        flags[at] = false;
                        region.Add(at);
                    }
                }
            }

            regions.Add(region);
        }

        return regions;
    }
}
