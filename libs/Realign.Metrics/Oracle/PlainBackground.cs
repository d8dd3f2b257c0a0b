using Realign.World;

namespace Realign.Metrics.Oracle;

/// <summary>The plain color behind the objects, from the frame of a picture: objects may touch it, but not most of it.</summary>
internal static class PlainBackground
{
    private const int Frame = 3;
    private const float Near = 24;

    /// <summary>The mean of the frame's pixels that are near their median.</summary>
    /// <param name="pixels">Side x side pixels, row-major.</param>
    /// <param name="side">Rows and columns.</param>
    public static Rgb Of(Rgb[] pixels, int side)
    {
        var frame = new List<Rgb>();
        for (var i = 0; i < pixels.Length; i++)
        {
            var (x, y) = (i % side, i / side);
            if (x < Frame || y < Frame || x >= side - Frame || y >= side - Frame)
                frame.Add(pixels[i]);
        }

        var middle = new Rgb(Median(frame.Select(pixel => pixel.R)), Median(frame.Select(pixel => pixel.G)), Median(frame.Select(pixel => pixel.B)));
        var near = frame.Where(pixel => MathF.Abs(pixel.R - middle.R) + MathF.Abs(pixel.G - middle.G) + MathF.Abs(pixel.B - middle.B) < Near).ToList();
        return near.Count == 0 ? middle : new Rgb(near.Average(pixel => pixel.R), near.Average(pixel => pixel.G), near.Average(pixel => pixel.B));
    }

    private static float Median(IEnumerable<float> values)
    {
        var sorted = values.Order().ToArray();
        return sorted[sorted.Length / 2];
    }
}
