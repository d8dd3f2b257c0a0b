using Realign.World;

namespace Realign.Metrics.Oracle;

/// <summary>
/// Fits a template to a picture: each channel's difference from the background is a coverage times (u + shade v), with u and v free, by least squares.
/// So a shape is found whatever its colour; v may not turn light into dark.
/// </summary>
internal static class TemplateEvaluator
{
    private const float Covered = 0.03f;

    // the light parts of an icon differ from its dark ones by less than this many times what the whole differs from the background
    private const float ShadePrior = 0.02f;

    /// <summary>Fits.</summary>
    /// <param name="field">The picture.</param>
    /// <param name="weights">1 where the pixel is open, 0 where other objects explain it, row-major.</param>
    /// <param name="texture">The glyph.</param>
    /// <param name="pose">Where it is.</param>
    public static TemplateFit Fit(PictureField field, float[] weights, GlyphTexture texture, GlyphPose pose)
    {
        var sampler = new TemplateSampler(texture, pose);
        var (aa, ass, sss, area, seen, inside) = (0f, 0f, 0f, 0f, 0f, 0f);
        var (ra, ga, ba, rs, gs, bs) = (0f, 0f, 0f, 0f, 0f, 0f);
        Span<float> around = stackalloc float[PictureField.Side * PictureField.Side];
        var count = 0;
        for (var y = sampler.Top; y <= sampler.Bottom; y++)
        {
            for (var x = sampler.Left; x <= sampler.Right; x++)
            {
                if (!sampler.At(x, y, out var alpha, out var shaded, out var ring))
                    continue;
                area += alpha;
                if ((uint)x >= PictureField.Side || (uint)y >= PictureField.Side)
                    continue;
                var i = (y * PictureField.Side) + x;
                var weight = weights[i];
                if (weight <= 0)
                    continue;
                if (ring > 0.05f)
                    around[count++] = weight * ring * field.Energy[i];
                if (alpha <= Covered)
                    continue;
                seen += weight * alpha;
                inside += weight * (1 - ring) * field.Energy[i];
                var (wa, ws) = (weight * alpha, weight * shaded);
                (aa, ass, sss) = (aa + (wa * alpha), ass + (wa * shaded), sss + (ws * shaded));
                (ra, ga, ba) = (ra + (wa * field.R[i]), ga + (wa * field.G[i]), ba + (wa * field.B[i]));
                (rs, gs, bs) = (rs + (ws * field.R[i]), gs + (ws * field.G[i]), bs + (ws * field.B[i]));
            }
        }

        if (aa <= 1 || area <= 1)
            return default;
        sss += ShadePrior * aa;
        var determinant = (aa * sss) - (ass * ass);
        var plain = ((ra * ra) + (ga * ga) + (ba * ba)) / aa;
        var explained = plain;
        // v = (aa rs - ass ra) / determinant: its sum over the channels is the direction from dark to light
        if (determinant > 0 && (aa * (rs + gs + bs)) - (ass * (ra + ga + ba)) > 0)
        {
            var (r, g, b) = ((aa * rs) - (ass * ra), (aa * gs) - (ass * ga), (aa * bs) - (ass * ba));
            explained += ((r * r) + (g * g) + (b * b)) / (aa * determinant);
        }

        var density = plain / aa;
        var outside = 0f;
        for (var index = 0; index < count; index++)
            outside += MathF.Min(around[index], density);
        return new TemplateFit(MathF.Min(explained, inside), inside, outside, seen / area, area);
    }
}
