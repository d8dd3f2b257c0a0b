namespace Realign.World;

/// <summary>Draws a glyph into planes of coverage and shade, anti-aliased by the area that each pixel covers.</summary>
public static class GlyphRaster
{
    private const int Samples = 3;

    /// <summary>Draws.</summary>
    /// <param name="glyph">The glyph.</param>
    /// <param name="pose">Where.</param>
    /// <param name="width">Columns of the planes.</param>
    /// <param name="alpha">Receives the coverage 0..1, row-major; a multiple of <paramref name="width"/>.</param>
    /// <param name="shade">Receives the mean shade of what covers the pixel, 0..1, and 0 where nothing does; as large as <paramref name="alpha"/>.</param>
    public static void Draw(Glyph glyph, GlyphPose pose, int width, Span<float> alpha, Span<float> shade)
    {
        ArgumentNullException.ThrowIfNull(glyph);
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        if (alpha.Length % width != 0 || shade.Length != alpha.Length)
            throw new ArgumentException($"planes of {alpha.Length} and {shade.Length} numbers do not have rows of {width}", nameof(alpha));
        alpha.Clear();
        shade.Clear();
        var (sin, cos) = MathF.SinCos(pose.Rotation * MathF.PI / 180);
        var (scaleX, scaleY) = (Glyphs.Side / pose.Width, Glyphs.Side / pose.Height);
        var reachX = 0.5f * ((MathF.Abs(cos) * pose.Width) + (MathF.Abs(sin) * pose.Height));
        var reachY = 0.5f * ((MathF.Abs(sin) * pose.Width) + (MathF.Abs(cos) * pose.Height));
        var (left, right) = (Math.Max(0, (int)(pose.CenterX - reachX - 1)), Math.Min(width - 1, (int)(pose.CenterX + reachX + 1)));
        var (top, bottom) = (Math.Max(0, (int)(pose.CenterY - reachY - 1)), Math.Min((alpha.Length / width) - 1, (int)(pose.CenterY + reachY + 1)));
        for (var y = top; y <= bottom; y++)
        {
            for (var x = left; x <= right; x++)
            {
                var (covered, shaded) = (0f, 0f);
                for (var sample = 0; sample < Samples * Samples; sample++)
                {
                    var dx = x + (((sample % Samples) + 0.5f) / Samples) - pose.CenterX;
                    var dy = y + (((sample / Samples) + 0.5f) / Samples) - pose.CenterY;
                    Sample(glyph, (((cos * dx) + (sin * dy)) * scaleX) + (Glyphs.Side / 2f), (((cos * dy) - (sin * dx)) * scaleY) + (Glyphs.Side / 2f),
                        ref covered, ref shaded);
                }

                if (covered <= 0)
                    continue;
                alpha[(y * width) + x] = covered / (Samples * Samples);
                shade[(y * width) + x] = shaded / covered;
            }
        }
    }

    /// <summary>Adds coverage, and shade times coverage, at a place of the glyph, bilinear.</summary>
    private static void Sample(Glyph glyph, float u, float v, ref float covered, ref float shaded)
    {
        (u, v) = (u - 0.5f, v - 0.5f);
        if (u <= -1 || v <= -1 || u >= Glyphs.Side || v >= Glyphs.Side)
            return;
        var (column, row) = ((int)MathF.Floor(u), (int)MathF.Floor(v));
        var (right, down) = (u - column, v - row);
        Add(glyph, column, row, (1 - right) * (1 - down), ref covered, ref shaded);
        Add(glyph, column + 1, row, right * (1 - down), ref covered, ref shaded);
        Add(glyph, column, row + 1, (1 - right) * down, ref covered, ref shaded);
        Add(glyph, column + 1, row + 1, right * down, ref covered, ref shaded);
    }

    private static void Add(Glyph glyph, int column, int row, float weight, ref float covered, ref float shaded)
    {
        if ((uint)column >= Glyphs.Side || (uint)row >= Glyphs.Side)
            return;
        var at = (row * Glyphs.Side) + column;
        var part = weight * glyph.Alpha[at];
        covered += part;
        shaded += part * glyph.Shade[at];
    }
}
