using System.Numerics;
using Realign.World;

namespace Realign.Metrics.Oracle;

/// <summary>A picture as the oracle looks at it: what each pixel differs from the background, and how much of it is not explained yet.</summary>
internal sealed class PictureField
{
    /// <summary>Rows and columns of the pictures of the world.</summary>
    public const int Side = SceneRenderer.Side;

    public PictureField(Rgb[] pixels)
    {
        Pixels = pixels;
        Background = PlainBackground.Of(pixels, Side);
        Differences = new Vector4[pixels.Length];
        (R, G, B, Energy) = (new float[pixels.Length], new float[pixels.Length], new float[pixels.Length], new float[pixels.Length]);
        for (var i = 0; i < pixels.Length; i++)
        {
            var difference = new Vector3(pixels[i].R - Background.R, pixels[i].G - Background.G, pixels[i].B - Background.B);
            Differences[i] = new Vector4(difference, difference.LengthSquared());
            (R[i], G[i], B[i], Energy[i]) = (difference.X, difference.Y, difference.Z, difference.LengthSquared());
        }
    }

    public Rgb[] Pixels { get; }

    public Rgb Background { get; }

    /// <summary>Difference from the background in red, green and blue, and its squared length; row-major.</summary>
    public Vector4[] Differences { get; }

    /// <summary>Difference from the background in red, row-major.</summary>
    public float[] R { get; }

    public float[] G { get; }

    public float[] B { get; }

    /// <summary>Squared length of the difference.</summary>
    public float[] Energy { get; }

    /// <summary>Any picture, scaled to the world's size: each pixel is the mean of the area that it covers.</summary>
    /// <param name="rgb">Three bytes a pixel.</param>
    /// <param name="width">Columns.</param>
    /// <param name="height">Rows.</param>
    public static PictureField Of(ReadOnlySpan<byte> rgb, int width, int height)
    {
        var pixels = new Rgb[Side * Side];
        for (var i = 0; i < pixels.Length; i++)
        {
            var (x, y) = (i % Side, i / Side);
            var (left, right) = (x * (long)width / Side, Math.Max((x * (long)width / Side) + 1, (x + 1) * (long)width / Side));
            var (top, bottom) = (y * (long)height / Side, Math.Max((y * (long)height / Side) + 1, (y + 1) * (long)height / Side));
            var (r, g, b) = (0f, 0f, 0f);
            for (var row = top; row < bottom; row++)
            {
                for (var column = left; column < right; column++)
                {
                    var at = (int)(3 * ((row * width) + column));
                    (r, g, b) = (r + rgb[at], g + rgb[at + 1], b + rgb[at + 2]);
                }
            }

            var count = (float)((right - left) * (bottom - top));
            pixels[i] = new Rgb(r / count, g / count, b / count);
        }

        return new PictureField(pixels);
    }
}
