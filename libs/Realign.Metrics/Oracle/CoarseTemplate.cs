using System.Numerics;
using Realign.World;

namespace Realign.Metrics.Oracle;

/// <summary>A glyph of one size at half the resolution, its rows padded to whole vectors.</summary>
internal sealed class CoarseTemplate
{
    public CoarseTemplate(int noun, GlyphTexture texture, float size)
    {
        (Class, Size) = (noun, size);
        var pose = new GlyphPose(0, 0, size / 2, size / 2, 0);
        var reach = new TemplateSampler(texture, pose);
        (Left, Top, Width, Height) = (reach.Left, reach.Top, reach.Right - reach.Left + 1, reach.Bottom - reach.Top + 1);
        Stride = (Width + Vector<float>.Count - 1) / Vector<float>.Count * Vector<float>.Count;
        (Alpha, Square, Ring) = (new float[Height * Stride], new float[Height * Stride], new float[Height * Stride]);
        var sampler = new TemplateSampler(texture, pose with { CenterX = -Left, CenterY = -Top });
        for (var y = 0; y < Height; y++)
        {
            for (var x = 0; x < Width; x++)
            {
                var texel = sampler.At(x, y);
                var at = (y * Stride) + x;
                (Alpha[at], Square[at], Ring[at]) = (texel.X, texel.X * texel.X, texel.W);
            }
        }

        SquareSum = Square.Sum();
    }

    public int Class { get; }

    public float Size { get; }

    /// <summary>Where its window begins, seen from the middle of the glyph's square, in half pixels.</summary>
    public int Left { get; }

    public int Top { get; }

    /// <summary>Columns of its window: what holds the glyph and its ring.</summary>
    public int Width { get; }

    public int Height { get; }

    /// <summary>Floats from one row to the next.</summary>
    public int Stride { get; }

    public float[] Alpha { get; }

    /// <summary>Square of the coverage.</summary>
    public float[] Square { get; }

    public float[] Ring { get; }

    public float SquareSum { get; }
}
