using Realign.Core.Images;
using Realign.World;

namespace Realign.Metrics.Oracle;

/// <summary>Places of objects that stand apart: a connected region that differs from the background is as large as the object in it.</summary>
internal static class RegionSearch
{
    // difference from the background, squared
    private const float LeastEnergy = 14 * 14;

    // pixels; fewer are no object, and no part of one that could be told
    private const int LeastArea = 30;
    private const int LeastPart = 6;

    // parts of an object are nearer than twice this
    private const int Gap = 2;
    private const int LeastReach = 12;
    private const int MostReach = 54;

    // turned ones are wider than upright ones
    private const float MostStretch = 1.45f;
    private static readonly (int X, int Y)[] Corners = [(0, 0), (-1, -1), (-1, 1), (1, -1), (1, 1)];

    /// <summary>The regions that may be objects, the largest first.</summary>
    public static IReadOnlyList<List<int>> Find(PictureField field, float[] open) => Find(field, open, LeastArea);

    private static List<List<int>> Find(PictureField field, float[] open, int leastArea)
    {
        var flags = new bool[open.Length];
        for (var i = 0; i < flags.Length; i++)
            flags[i] = open[i] * field.Energy[i] >= LeastEnergy;
        return [.. Regions.Of(flags).Where(region => region.Count >= leastArea).OrderByDescending(region => region.Count)];
    }

    /// <summary>Width or height of all regions together, the larger one, in pixels.</summary>
    public static int ReachOf(IReadOnlyList<List<int>> regions)
    {
        var (columns, rows) = (regions.SelectMany(region => region).Select(i => i % PictureField.Side).ToList(),
            regions.SelectMany(region => region).Select(i => i / PictureField.Side).ToList());
        return columns.Count == 0 ? 0 : 1 + Math.Max(columns.Max() - columns.Min(), rows.Max() - rows.Min());
    }

    /// <summary>What is left, in groups that are far from each other, with what is close to them: parts of one object may stand apart.</summary>
    public static IReadOnlyList<List<int>> Groups(PictureField field, float[] open)
    {
        var flags = new bool[open.Length];
        foreach (var i in Find(field, open, LeastPart).SelectMany(region => region))
        {
            var (x, y) = (i % PictureField.Side, i / PictureField.Side);
            for (var row = Math.Max(0, y - Gap); row <= Math.Min(PictureField.Side - 1, y + Gap); row++)
                Array.Fill(flags, true, (row * PictureField.Side) + Math.Max(0, x - Gap), Math.Min(PictureField.Side - 1, x + Gap) - Math.Max(0, x - Gap) + 1);
        }

        return [.. Regions.Of(flags).Where(group => group.Count(i => open[i] * field.Energy[i] >= LeastEnergy) >= LeastArea)];
    }

    /// <summary>Every class at the place of a region, as large as it is.</summary>
    public static IEnumerable<(int Class, GlyphPose Pose)> Starts(List<int> region)
    {
        var (left, top) = (region.Min(i => i % PictureField.Side), region.Min(i => i / PictureField.Side));
        var (right, bottom) = (region.Max(i => i % PictureField.Side) + 1f, region.Max(i => i / PictureField.Side) + 1f);
        if (Math.Max(right - left, bottom - top) is < LeastReach or > MostReach)
            return [];
        return Fitting(new BoundingBox(left, top, right, bottom), MostStretch).Select(start => (start.Class, start.PoseAt(0, 0)));
    }

    /// <summary>Every class at the place of an object that may be another and partly hidden: in its middle, and with a corner in common.</summary>
    public static IEnumerable<(int Class, GlyphPose Pose)> Starts(BoundingBox box) =>
        Fitting(box, float.MaxValue).SelectMany(start => Corners.Select(corner => (start.Class, start.PoseAt(corner.X, corner.Y))));

    private static IEnumerable<FittingGlyph> Fitting(BoundingBox box, float mostStretch)
    {
        for (var noun = 0; noun < TemplateBank.Textures.Count; noun++)
        {
            var texture = TemplateBank.Textures[noun];
            var (sizeX, sizeY) = ((box.X1 - box.X0) / texture.Width, (box.Y1 - box.Y0) / texture.Height);
            if (sizeX <= mostStretch * sizeY && sizeY <= mostStretch * sizeX)
                yield return new FittingGlyph(noun, texture, box, MathF.Sqrt(sizeX * sizeY));
        }
    }

    private readonly record struct FittingGlyph(int Class, GlyphTexture Texture, BoundingBox Box, float Size)
    {
        /// <summary>-1, 0, 1: the left or upper edges in common, the middles, the right or lower edges.</summary>
        public GlyphPose PoseAt(int x, int y)
        {
            var (restX, restY) = ((Box.X1 - Box.X0 - (Texture.Width * Size)) / 2, (Box.Y1 - Box.Y0 - (Texture.Height * Size)) / 2);
            var (middleX, middleY) = (((Box.X0 + Box.X1) / 2) + (x * restX), ((Box.Y0 + Box.Y1) / 2) + (y * restY));
            return new GlyphPose(middleX - (Texture.MiddleX * Size), middleY - (Texture.MiddleY * Size), Size, Size, 0);
        }
    }
}
