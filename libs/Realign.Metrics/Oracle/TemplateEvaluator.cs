using System.Numerics;
using Realign.World;

namespace Realign.Metrics.Oracle;

/// <summary>
/// Fits a template to a picture: each channel's difference from the background is a coverage times (u + v dark + w light), by least squares, where dark
/// and light are what the icon's shade is below and above its middle. So a shape is found whatever its color; v and w may not turn light into dark.
/// </summary>
internal static class TemplateEvaluator
{
    private const float Covered = 0.2f;
    private const float LeastRing = 0.05f;

    // keeps the shading of icons that have hardly any from explaining noise
    private const float ShadePrior = 0.002f;

    /// <summary>Fits.</summary>
    /// <param name="field">The picture.</param>
    /// <param name="weights">1 where the pixel is open, 0 where other objects explain it, row-major.</param>
    /// <param name="texture">The glyph.</param>
    /// <param name="pose">Where it is.</param>
    public static TemplateFit Fit(PictureField field, float[] weights, GlyphTexture texture, GlyphPose pose)
    {
        var sampler = new TemplateSampler(texture, pose);
        var (area, seen, inside, count) = (0f, 0f, 0f, 0);
        var (aa, ad, al, dd, dl, ll) = (0f, 0f, 0f, 0f, 0f, 0f);
        var (plain, dark, light) = (Vector4.Zero, Vector4.Zero, Vector4.Zero);
        Span<float> around = stackalloc float[PictureField.Side * PictureField.Side];
        for (var y = sampler.Top; y <= sampler.Bottom; y++)
        {
            for (var x = sampler.Left; x <= sampler.Right; x++)
            {
                var texel = sampler.At(x, y);
                var (alpha, ring) = (texel.X, texel.W);
                area += alpha;
                if ((uint)x >= PictureField.Side || (uint)y >= PictureField.Side)
                    continue;
                var i = (y * PictureField.Side) + x;
                var weight = weights[i];
                if (weight <= 0)
                    continue;
                var difference = field.Differences[i];
                if (ring > LeastRing)
                    around[count++] = weight * ring * difference.W;
                if (alpha <= Covered)
                    continue;
                seen += weight * alpha;
                inside += weight * (1 - ring) * difference.W;
                var (byAlpha, byDark, byLight) = (weight * alpha, weight * texel.Y, weight * texel.Z);
                (aa, ad, al) = (aa + (byAlpha * alpha), ad + (byAlpha * texel.Y), al + (byAlpha * texel.Z));
                (dd, dl, ll) = (dd + (byDark * texel.Y), dl + (byDark * texel.Z), ll + (byLight * texel.Z));
                (plain, dark, light) = (plain + (byAlpha * difference), dark + (byDark * difference), light + (byLight * difference));
            }
        }

        if (aa <= 1 || area <= 1)
            return default;
        // each part in turn explains what those before it leave; the fourth component of a difference is no channel
        var flat = Squared(plain) / aa;
        dark -= ad / aa * plain;
        var darkNorm = dd - (ad * ad / aa) + (ShadePrior * aa);
        var shared = dl - (ad * al / aa);
        light -= (al / aa * plain) + (shared / darkNorm * dark);
        var lightNorm = ll - (al * al / aa) - (shared * shared / darkNorm) + (ShadePrior * aa);
        var explained = flat + (IsRising(dark) ? Squared(dark) / darkNorm : 0) + (IsRising(light) ? Squared(light) / lightNorm : 0);
        var density = flat / aa;
        var outside = 0f;
        for (var index = 0; index < count; index++)
            outside += MathF.Min(around[index], density);
        return new TemplateFit(MathF.Min(explained, inside), inside, outside, seen / area, area);
    }

    private static float Squared(Vector4 value) => (value.X * value.X) + (value.Y * value.Y) + (value.Z * value.Z);

    /// <summary>Whether lighter parts of the icon are lighter in the picture, over all channels.</summary>
    private static bool IsRising(Vector4 value) => value.X + value.Y + value.Z > 0;
}
