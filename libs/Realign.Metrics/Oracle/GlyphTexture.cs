using System.Numerics;
using Realign.World;

namespace Realign.Metrics.Oracle;

/// <summary>A glyph, softened as small pictures are, with room around it and the ring next to its outline.</summary>
internal sealed class GlyphTexture
{
    /// <summary>Rows and columns of the glyph itself.</summary>
    public const int GlyphSide = 48;

    /// <summary>Rows and columns with the room around it.</summary>
    public const int Side = GlyphSide + (2 * Margin);

    private const int Margin = 5;
    private const int RingReach = 4;
    private const float Trace = 0.02f;
    private const float Softness = 0.9f;

    public GlyphTexture(Glyph glyph)
    {
        Noun = glyph.Noun;
        var (alpha, dark, light) = (new float[Side * Side], new float[Side * Side], new float[Side * Side]);
        const int Step = Glyphs.Side / GlyphSide;
        for (var y = 0; y < Glyphs.Side; y++)
        {
            for (var x = 0; x < Glyphs.Side; x++)
            {
                var (at, part) = (((Margin + (y / Step)) * Side) + Margin + (x / Step), glyph.Alpha[(y * Glyphs.Side) + x] / (Step * Step));
                alpha[at] += part;
                var shade = glyph.Shade[(y * Glyphs.Side) + x] - 0.5f;
                dark[at] += part * MathF.Min(0, shade);
                light[at] += part * MathF.Max(0, shade);
            }
        }

        (alpha, dark, light) = (Soften(alpha), Soften(dark), Soften(light));
        var ring = RingOf(alpha);
        (Left, Top, Right, Bottom) = (Side, Side, 0, 0);
        for (var i = 0; i < Texels.Length; i++)
        {
            Texels[i] = new Vector4(alpha[i], dark[i], light[i], ring[i]);
            if (alpha[i] < Trace && ring[i] < Trace)
                continue;
            var (x, y) = (i % Side, i / Side);
            (Left, Top, Right, Bottom) = (Math.Min(Left, x), Math.Min(Top, y), Math.Max(Right, x), Math.Max(Bottom, y));
        }
    }

    public string Noun { get; }

    /// <summary>
    /// X: coverage, 0..1. Y, Z: coverage times what the shade is below or above 0.5, where the shades of a color have their bend.
    /// W: 1 just outside of the outline, 0 inside and further out.
    /// </summary>
    public Vector4[] Texels { get; } = new Vector4[Side * Side];

    /// <summary>First column that holds anything.</summary>
    public int Left { get; }

    public int Top { get; }

    /// <summary>Last column that holds anything.</summary>
    public int Right { get; }

    public int Bottom { get; }

    private static float[] Soften(float[] plane)
    {
        var kernel = Enumerable.Range(-3, 7).Select(offset => MathF.Exp(-offset * offset / (2 * Softness * Softness))).ToArray();
        var sum = kernel.Sum();
        return Pass(Pass(plane, 1), Side);

        float[] Pass(float[] source, int stride)
        {
            var target = new float[source.Length];
            for (var i = 0; i < source.Length; i++)
            {
                var along = stride == 1 ? i % Side : i / Side;
                for (var offset = -3; offset <= 3; offset++)
                {
                    if ((uint)(along + offset) < Side)
                        target[i] += kernel[offset + 3] / sum * source[i + (offset * stride)];
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
