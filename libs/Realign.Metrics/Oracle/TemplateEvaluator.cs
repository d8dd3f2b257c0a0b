using System.Numerics;
using System.Runtime.Intrinsics;
using Realign.World;

namespace Realign.Metrics.Oracle;

/// <summary>
/// Fits a template to a picture. A pixel differs from the background B by a (I - B) - 0.9 d I + 0.56 l (255 - I), where a is the coverage, d and l are what
/// the icon's shade is below and above its middle, times the coverage (<see cref="PaletteColor.At(Rgb, float)"/>), and the ink I is what fits best.
/// </summary>
internal static class TemplateEvaluator
{
    private const float Covered = 0.2f;
    private const float LeastRing = 0.05f;

    // squared distance from the shades of an ink that is another color
    private const float MostUnlike = 60 * 60;

    /// <summary>Fits.</summary>
    /// <param name="field">The picture.</param>
    /// <param name="weights">1 where the pixel is open, 0 where other objects explain it, row-major.</param>
    /// <param name="texture">The glyph.</param>
    /// <param name="pose">Where it is.</param>
    public static TemplateFit Fit(PictureField field, float[] weights, GlyphTexture texture, GlyphPose pose)
    {
        var sampler = new TemplateSampler(texture, pose);
        var (top, bottom) = (Math.Max(0, sampler.Top), Math.Min(PictureField.Side - 1, sampler.Bottom));
        var (left, right) = (Math.Max(0, sampler.Left) & ~7, Math.Min(PictureField.Side - 1, sampler.Right));
        Vector256<float> seen = default, inside = default, gg = default, tt = default, tr = default, tg = default, tb = default;
        var (bgR, bgG, bgB) = (Vector256.Create(field.Background.R), Vector256.Create(field.Background.G), Vector256.Create(field.Background.B));
        Span<(Vector256<float> Weight, int At)> around = stackalloc (Vector256<float>, int)[PictureField.Side * PictureField.Side / 8];
        var count = 0;
        var byteMask = Vector256.Create(255u);
        var scale = Vector256.Create(1 / 255f);
        for (var y = top; y <= bottom; y++)
        {
            for (var x = left; x <= right; x += 8)
            {
                var texels = sampler.EightAt(x, y);
                if (texels == Vector256<uint>.Zero)
                    continue;
                var i = (nuint)((y * PictureField.Side) + x);
                var weight = Vector256.LoadUnsafe(ref weights[0], i);
                var energy = Vector256.LoadUnsafe(ref field.Energy[0], i) * weight;
                var ring = Vector256.ConvertToSingle((texels >> GlyphTexture.RingShift).AsInt32()) * scale;
                var edge = Vector256.GreaterThan(ring * energy, Vector256<float>.Zero) & Vector256.GreaterThan(ring, Vector256.Create(LeastRing));
                if (edge != Vector256<float>.Zero)
                    around[count++] = (edge & (ring * weight), (int)i);
                var alpha = Vector256.ConvertToSingle((texels & byteMask).AsInt32()) * scale;
                var covered = Vector256.GreaterThan(alpha, Vector256.Create(Covered));
                if (covered == Vector256<float>.Zero)
                    continue;
                weight &= covered;
                var dark = Vector256.ConvertToSingle(((texels >> GlyphTexture.DarkShift) & byteMask).AsInt32()) * scale;
                var light = Vector256.ConvertToSingle(((texels >> GlyphTexture.LightShift) & byteMask).AsInt32()) * scale;
                seen += weight * alpha;
                inside += energy & covered;
                var g = alpha - (dark * 0.45f) - (light * 0.28f);
                var lift = light * (0.28f * 255);
                var byG = weight * g;
                gg += byG * g;
                var r = Vector256.LoadUnsafe(ref field.R[0], i) + (alpha * bgR) - lift;
                var gr = Vector256.LoadUnsafe(ref field.G[0], i) + (alpha * bgG) - lift;
                var b = Vector256.LoadUnsafe(ref field.B[0], i) + (alpha * bgB) - lift;
                tt += weight * ((r * r) + (gr * gr) + (b * b));
                tr += byG * r;
                tg += byG * gr;
                tb += byG * b;
            }
        }

        var area = texture.Area * pose.Width * pose.Height;
        var square = Vector256.Sum(gg);
        if (square <= 1 || area <= 1)
            return default;
        var sums = new Vector3(Vector256.Sum(tr), Vector256.Sum(tg), Vector256.Sum(tb));
        var ink = Vector3.Clamp(sums / square, Vector3.Zero, new Vector3(255));
        var unexplained = Vector256.Sum(tt) - (2 * Vector3.Dot(ink, sums)) + (square * ink.LengthSquared());
        var whole = Vector256.Sum(inside);
        var outside = Around(field, around[..count], ink);
        return new TemplateFit(whole - unexplained, whole, outside, Vector256.Sum(seen) / area, area, new Rgb(ink.X, ink.Y, ink.Z));
    }

    /// <summary>Energy of the ring, as far as its pixels have a shade of the ink: what has another color belongs to another object.</summary>
    private static float Around(PictureField field, ReadOnlySpan<(Vector256<float> Weight, int At)> ring, Vector3 ink)
    {
        var background = new Vector3(field.Background.R, field.Background.G, field.Background.B);
        var density = Vector256.Create((ink - background).LengthSquared());
        var middle = ink - background;
        var toDark = -0.45f * ink;
        var toLight = 0.28f * (new Vector3(255) - ink);
        var sum = Vector256<float>.Zero;
        foreach (var (weight, at) in ring)
        {
            var energy = Vector256.LoadUnsafe(ref field.Energy[at]);
            var r = Vector256.LoadUnsafe(ref field.R[at]) - Vector256.Create(middle.X);
            var g = Vector256.LoadUnsafe(ref field.G[at]) - Vector256.Create(middle.Y);
            var b = Vector256.LoadUnsafe(ref field.B[at]) - Vector256.Create(middle.Z);
            var distance = Vector256.Min(ToSegment(r, g, b, toDark), ToSegment(r, g, b, toLight));
            var alike = Vector256.Max(Vector256<float>.Zero, Vector256<float>.One - (distance * (1 / MostUnlike)));
            sum += weight * Vector256.Min(energy, density) * alike;
        }

        return Vector256.Sum(sum);
    }

    private static Vector256<float> ToSegment(Vector256<float> r, Vector256<float> g, Vector256<float> b, Vector3 segment)
    {
        var along = ((r * segment.X) + (g * segment.Y) + (b * segment.Z)) * (1 / MathF.Max(1, segment.LengthSquared()));
        along = Vector256.Min(Vector256<float>.One, Vector256.Max(Vector256<float>.Zero, along));
        (r, g, b) = (r - (along * segment.X), g - (along * segment.Y), b - (along * segment.Z));
        return (r * r) + (g * g) + (b * b);
    }
}
