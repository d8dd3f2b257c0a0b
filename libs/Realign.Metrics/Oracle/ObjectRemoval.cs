using System.Numerics;

namespace Realign.Metrics.Oracle;

/// <summary>Takes the pixels out of a picture that an object explains; what hides a part of it, or is hidden by it, stays.</summary>
internal static class ObjectRemoval
{
    private const int Rounds = 3;

    // how far a pixel may be from what the object shows there: sRGB, squared
    private const float Tolerance = 45 * 45;
    private const float Covered = 0.5f;

    // hidden parts are told well inside of the outline, and are no specks
    private const float Inner = 0.8f;
    private const int LeastHidden = 12;

    /// <summary>Closes.</summary>
    /// <param name="field">The picture.</param>
    /// <param name="open">1 where a pixel is open; receives 0 where the object explains it.</param>
    /// <param name="candidate">The object.</param>
    public static void Close(PictureField field, float[] open, Candidate candidate)
    {
        var hidden = new bool[open.Length];
        Over(field, candidate, (i, texel, distance) => hidden[i] = texel.X >= Inner && open[i] > 0 && distance > Tolerance);
        var kept = Regions.Of(Thick(hidden)).Where(region => region.Count >= LeastHidden).SelectMany(region => region).ToHashSet();
        Over(field, candidate, (i, texel, _) =>
        {
            if (texel.X > 0 && !kept.Contains(i))
                open[i] *= texel.W > Covered && texel.X > 0.01f ? 0 : 1 - MathF.Min(1, 2 * texel.X);
        });
    }

    /// <summary>Visits the pixels of an object with its texel, and the squared distance from what it shows there.</summary>
    public static void Over(PictureField field, Candidate candidate, Action<int, Vector4, float> visit)
    {
        var sampler = new TemplateSampler(TemplateBank.Textures[candidate.Class], candidate.Pose);
        var background = new Vector3(field.Background.R, field.Background.G, field.Background.B);
        var ink = new Vector3(candidate.Fit.Ink.R, candidate.Fit.Ink.G, candidate.Fit.Ink.B);
        for (var round = 0; round < Rounds; round++)
            ink = Refit(field, sampler, background, ink);
        for (var y = Math.Max(0, sampler.Top); y <= Math.Min(sampler.Bottom, PictureField.Side - 1); y++)
        {
            for (var x = Math.Max(0, sampler.Left); x <= Math.Min(sampler.Right, PictureField.Side - 1); x++)
            {
                var (i, texel) = ((y * PictureField.Side) + x, sampler.At(x, y));
                visit(i, texel, Distance(field, i, texel, background, ink));
            }
        }
    }

    /// <summary>Without what is thinner than two pixels: that is an outline that fits badly.</summary>
    public static bool[] Thick(bool[] flags)
    {
        var thick = new bool[flags.Length];
        for (var i = 0; i < flags.Length - PictureField.Side - 1; i++)
        {
            var below = i + PictureField.Side;
            if (i % PictureField.Side < PictureField.Side - 1 && flags[i] && flags[i + 1] && flags[below] && flags[below + 1])
                thick[i] = thick[i + 1] = thick[below] = thick[below + 1] = true;
        }

        return thick;
    }

    private static Vector3 Refit(PictureField field, TemplateSampler sampler, Vector3 background, Vector3 ink)
    {
        var (sum, square) = (Vector3.Zero, 1e-3f);
        for (var y = Math.Max(0, sampler.Top); y <= Math.Min(sampler.Bottom, PictureField.Side - 1); y++)
        {
            for (var x = Math.Max(0, sampler.Left); x <= Math.Min(sampler.Right, PictureField.Side - 1); x++)
            {
                var texel = sampler.At(x, y);
                if (texel.X <= Covered)
                    continue;
                var i = (y * PictureField.Side) + x;
                var g = texel.X - (0.45f * texel.Y) - (0.28f * texel.Z);
                var target = Difference(field, i) + (texel.X * background) - new Vector3(0.28f * 255 * texel.Z);
                // far ones hardly count: another object is there
                var weight = 1 / (1 + (Distance(field, i, texel, background, ink) / (Tolerance / 4)));
                weight *= weight;
                sum += weight * g * target;
                square += weight * g * g;
            }
        }

        return Vector3.Clamp(sum / square, Vector3.Zero, new Vector3(255));
    }

    private static Vector3 Difference(PictureField field, int i) => new(field.R[i], field.G[i], field.B[i]);

    private static float Distance(PictureField field, int i, Vector4 texel, Vector3 background, Vector3 ink)
    {
        var shown = (texel.X * (ink - background)) - (0.45f * texel.Y * ink) + (0.28f * texel.Z * (new Vector3(255) - ink));
        return (Difference(field, i) - shown).LengthSquared();
    }
}
