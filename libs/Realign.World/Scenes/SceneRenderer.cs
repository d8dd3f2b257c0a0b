using Realign.Core.Images;

namespace Realign.World;

/// <summary>Draws scenes: icons in shades of their colors on a plain background, 64 x 64 pixels. The same scene gives the same bytes.</summary>
public static class SceneRenderer
{
    /// <summary>Rows and columns of a picture.</summary>
    public const int Side = 64;

    private const int Area = Side * Side;

    /// <summary>Draws a scene.</summary>
    /// <exception cref="KeyNotFoundException">An object of the scene is none of the world.</exception>
    public static RenderedScene Render(Scene scene)
    {
        ArgumentNullException.ThrowIfNull(scene);
        var canvas = new Rgb[Area];
        Array.Fill(canvas, scene.Background);
        var coverages = new float[scene.Objects.Count][];
        var shade = new float[Area];
        for (var index = 0; index < coverages.Length; index++)
        {
            var item = scene.Objects[index];
            var alpha = coverages[index] = new float[Area];
            GlyphRaster.Draw(Glyphs.Of(item.Noun), item.Pose, Side, alpha, shade);
            for (var i = 0; i < Area; i++)
            {
                if (alpha[i] > 0)
                    canvas[i] = Blend(canvas[i], PaletteColor.At(item.Ink, shade[i]), alpha[i]);
            }
        }

        return new RenderedScene(scene, Round(canvas), [.. coverages.Select((_, index) => See(scene.Objects[index], coverages, index))]);
    }

    private static Rgb Blend(Rgb under, Rgb over, float alpha) => new(
        under.R + (alpha * (over.R - under.R)), under.G + (alpha * (over.G - under.G)), under.B + (alpha * (over.B - under.B)));

    private static RgbImage Round(Rgb[] canvas)
    {
        var pixels = new byte[Area * 3];
        for (var i = 0; i < Area; i++)
            (pixels[3 * i], pixels[(3 * i) + 1], pixels[(3 * i) + 2]) = (Byte(canvas[i].R), Byte(canvas[i].G), Byte(canvas[i].B));
        return new RgbImage(Side, Side, pixels);

        static byte Byte(float value) => (byte)Math.Clamp(MathF.Round(value), 0, 255);
    }

    private static RenderedObject See(SceneObject item, float[][] coverages, int index)
    {
        var cells = new byte[Area];
        var (whole, seen) = (0.0, 0.0);
        var (left, top, right, bottom) = (Side, Side, 0, 0);
        for (var i = 0; i < Area; i++)
        {
            var part = coverages[index][i];
            if (part <= 0)
                continue;
            whole += part;
            for (var front = index + 1; front < coverages.Length; front++)
                part *= 1 - coverages[front][i];
            seen += part;
            if (part <= 0.5f)
                continue;
            cells[i] = 1;
            var (x, y) = (i % Side, i / Side);
            (left, top, right, bottom) = (Math.Min(left, x), Math.Min(top, y), Math.Max(right, x + 1), Math.Max(bottom, y + 1));
        }

        var box = right > left ? new BoundingBox(left, top, right, bottom) : default;
        return new RenderedObject(item, new BinaryMask(Side, Side, cells), box, whole > 0 ? seen / whole : 0);
    }
}
