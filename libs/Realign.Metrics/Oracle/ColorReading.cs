using Realign.World;

namespace Realign.Metrics.Oracle;

/// <summary>Names the color of the palette whose shades explain the pixels of an object best.</summary>
internal static class ColorReading
{
    // pixels at the outline mix with what is behind them
    private const float Core = 0.8f;

    // a single pixel counts no more than this difference, so that a reflection does not decide
    private const float MostDifference = 70;

    // an object's ink differs from the palette by as much
    private const float InkJitter = 15;

    // drawn objects are shaded less, or elsewhere, than their icons: the shade may differ by as much
    private const float ShadeSlack = 0.25f;

    /// <summary>The color's name, and what it leaves unexplained: the share of the energy of the object's inner pixels, 0 to 1 and more.</summary>
    public static (string Name, float Unexplained) Of(PictureField field, float[] weights, Candidate candidate)
    {
        Span<float> errors = stackalloc float[Palette.Colors.Count];
        Span<float> squares = stackalloc float[Palette.Colors.Count];
        errors.Clear();
        squares.Clear();
        var energy = 0f;
        var sampler = new TemplateSampler(TemplateBank.Textures[candidate.Class], candidate.Pose);
        for (var y = Math.Max(0, sampler.Top); y <= Math.Min(sampler.Bottom, PictureField.Side - 1); y++)
        {
            for (var x = Math.Max(0, sampler.Left); x <= Math.Min(sampler.Right, PictureField.Side - 1); x++)
            {
                var i = (y * PictureField.Side) + x;
                var texel = sampler.At(x, y);
                if (weights[i] * texel.X < Core)
                    continue;
                var shade = Math.Clamp(((texel.Z - texel.Y) / (2 * texel.X)) + 0.5f, 0, 1);
                energy += field.Differences[i].W;
                for (var color = 0; color < errors.Length; color++)
                {
                    var difference = Difference(field.Pixels[i], Palette.Colors[color], shade);
                    errors[color] += MathF.Min(MostDifference, difference);
                    var beyond = MathF.Max(0, difference - InkJitter);
                    squares[color] += beyond * beyond;
                }
            }
        }

        var best = 0;
        for (var color = 1; color < errors.Length; color++)
        {
            if (errors[color] < errors[best])
                best = color;
        }

        return (Palette.Colors[best].Name, squares[best] / MathF.Max(1, energy));
    }

    /// <summary>Distance of a pixel to the shades of a color around the icon's shade.</summary>
    private static float Difference(Rgb pixel, PaletteColor color, float shade)
    {
        var (from, to) = (Math.Max(0, shade - ShadeSlack), Math.Min(1, shade + ShadeSlack));
        return from < 0.5f && to > 0.5f
            ? MathF.Min(ToSegment(pixel, color.At(from), color.At(0.5f)), ToSegment(pixel, color.At(0.5f), color.At(to)))
            : ToSegment(pixel, color.At(from), color.At(to));
    }

    private static float ToSegment(Rgb point, Rgb from, Rgb to)
    {
        var (x, y, z) = (to.R - from.R, to.G - from.G, to.B - from.B);
        var (r, g, b) = (point.R - from.R, point.G - from.G, point.B - from.B);
        var along = Math.Clamp(((r * x) + (g * y) + (b * z)) / MathF.Max(1e-6f, (x * x) + (y * y) + (z * z)), 0, 1);
        (r, g, b) = (r - (along * x), g - (along * y), b - (along * z));
        return MathF.Sqrt((r * r) + (g * g) + (b * b));
    }
}
