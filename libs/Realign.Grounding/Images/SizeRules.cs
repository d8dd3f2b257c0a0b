namespace Realign.Grounding.Images;

/// <summary>Target sizes of the published image processors, to the same pixel.</summary>
public static class SizeRules
{
    /// <summary>
    /// Shortest edge to a size, but the longest at most another (transformers get_size_with_aspect_ratio, Grounding DINO): the limit is applied
    /// to the short edge first, which is then rounded to even, while the long edge follows from the unrounded value and is cut.
    /// </summary>
    public static (int Width, int Height) ShortestEdge(int width, int height, int shortest, int longest)
    {
        double edge = shortest;
        double exact = shortest;
        var (minimum, maximum) = (Math.Min(width, height), Math.Max(width, height));
        if ((double)maximum / minimum * shortest > longest)
        {
            exact = (double)longest * minimum / maximum;
            edge = Math.Round(exact, MidpointRounding.ToEven);
        }

        var size = (int)edge;
        if ((height <= width && height == size) || (width <= height && width == size))
            return (width, height);
        return width < height ? (size, (int)(exact * height / width)) : ((int)(exact * width / height), size);
    }

    /// <summary>Longest edge to a size, both rounded half up (transformers SamImageProcessor); the short edge of an extreme strip may become 0.</summary>
    public static (int Width, int Height) LongestEdge(int width, int height, int longest)
    {
        var scale = longest * 1.0 / Math.Max(width, height);
        return ((int)((width * scale) + 0.5), (int)((height * scale) + 0.5));
    }
}
