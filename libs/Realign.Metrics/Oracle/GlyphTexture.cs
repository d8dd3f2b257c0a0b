using Realign.World;

namespace Realign.Metrics.Oracle;

/// <summary>A glyph, softened as small pictures are, with room around it and the ring next to its outline.</summary>
internal sealed class GlyphTexture
{
    /// <summary>Rows and columns of the glyph itself.</summary>
    public const int GlyphSide = Glyphs.Side;

    /// <summary>Rows and columns with the room around it.</summary>
    public const int Side = GlyphSide + (2 * Margin);

    private const int Margin = 10;
    private const int RingReach = 8;
    public const int DarkShift = 8;
    public const int LightShift = 16;
    public const int RingShift = 24;

    private const float Trace = 0.02f;
    private const float Softness = 1.8f;

    public GlyphTexture(Glyph glyph)
    {
        Noun = glyph.Noun;
        var (alpha, dark, light) = (new float[Side * Side], new float[Side * Side], new float[Side * Side]);
        for (var i = 0; i < glyph.Alpha.Length; i++)
        {
            var at = (((i / GlyphSide) + Margin) * Side) + (i % GlyphSide) + Margin;
            var shade = glyph.Shade[i] - 0.5f;
            (alpha[at], dark[at], light[at]) = (glyph.Alpha[i], glyph.Alpha[i] * MathF.Max(0, -shade), glyph.Alpha[i] * MathF.Max(0, shade));
        }

        (alpha, dark, light) = (Soften(alpha), Soften(dark), Soften(light));
        var ring = RingOf(alpha);
        (Left, Top, Right, Bottom) = (Side, Side, 0, 0);
        for (var i = 0; i < Texels.Length; i++)
        {
            Texels[i] = Byte(alpha[i]) | (Byte(2 * dark[i]) << DarkShift) | (Byte(2 * light[i]) << LightShift) | (Byte(ring[i]) << RingShift);
            if (alpha[i] < Trace && ring[i] < Trace)
                continue;
            var (x, y) = (i % Side, i / Side);
            (Left, Top, Right, Bottom) = (Math.Min(Left, x), Math.Min(Top, y), Math.Max(Right, x), Math.Max(Bottom, y));
        }

        var columns = Enumerable.Range(0, Side).Where(x => Enumerable.Range(0, Side).Any(y => alpha[(y * Side) + x] > 0.5f)).ToList();
        var rows = Enumerable.Range(0, Side).Where(y => Enumerable.Range(0, Side).Any(x => alpha[(y * Side) + x] > 0.5f)).ToList();
        (Width, Height) = ((columns[^1] + 1f - columns[0]) / GlyphSide, (rows[^1] + 1f - rows[0]) / GlyphSide);
        (MiddleX, MiddleY) = ((columns[^1] + 1f + columns[0] - Side) / 2 / GlyphSide, (rows[^1] + 1f + rows[0] - Side) / 2 / GlyphSide);
        Area = alpha.Sum() / (GlyphSide * GlyphSide);

        static uint Byte(float value) => (uint)MathF.Round(255 * Math.Clamp(value, 0, 1));
    }

    public string Noun { get; }

    /// <summary>Width of what it covers, as a share of the glyph's square.</summary>
    public float Width { get; }

    public float Height { get; }

    /// <summary>Middle of what it covers, seen from the middle of the square, as a share of it.</summary>
    public float MiddleX { get; }

    public float MiddleY { get; }

    /// <summary>Covered share of the glyph's square.</summary>
    public float Area { get; }

    /// <summary>
    /// Four bytes a texel, 255 for one, from the lowest: coverage; coverage times twice what the shade is below 0.5; the same above 0.5, where the shades
    /// of a color have their bend; and the ring: 1 just outside of the outline, 0 inside and further out.
    /// </summary>
    public uint[] Texels { get; } = new uint[Side * Side];

    /// <summary>First column that holds anything.</summary>
    public int Left { get; }

    public int Top { get; }

    /// <summary>Last column that holds anything.</summary>
    public int Right { get; }

    public int Bottom { get; }

    private static float[] Soften(float[] plane)
    {
        const int Reach = 6;
        var kernel = Enumerable.Range(-Reach, (2 * Reach) + 1).Select(offset => MathF.Exp(-offset * offset / (2 * Softness * Softness))).ToArray();
        var sum = kernel.Sum();
        return Pass(Pass(plane, 1), Side);

        float[] Pass(float[] source, int stride)
        {
            var target = new float[source.Length];
            for (var i = 0; i < source.Length; i++)
            {
                var along = stride == 1 ? i % Side : i / Side;
                for (var offset = -Reach; offset <= Reach; offset++)
                {
                    if ((uint)(along + offset) < Side)
                        target[i] += kernel[offset + Reach] / sum * source[i + (offset * stride)];
                }
            }

            return target;
        }
    }

    private static float[] RingOf(float[] alpha)
    {
        var ring = new float[alpha.Length];
        for (var i = 0; i < alpha.Length; i++)
        {
            var (x, y, most) = (i % Side, i / Side, 0f);
            for (var dy = -RingReach; dy <= RingReach; dy++)
            {
                for (var dx = -RingReach; dx <= RingReach; dx++)
                {
                    if ((dx * dx) + (dy * dy) <= RingReach * RingReach && (uint)(x + dx) < Side && (uint)(y + dy) < Side)
                        most = MathF.Max(most, alpha[((y + dy) * Side) + x + dx]);
                }
            }

            ring[i] = MathF.Max(0, most - MathF.Min(1, 2 * alpha[i]));
        }

        return ring;
    }
}
