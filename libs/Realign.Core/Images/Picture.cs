namespace Realign.Core.Images;

/// <summary>A picture of a caller: a decoded file (8 bits), or the float pixels of a trainer, not rounded.</summary>
public sealed class Picture
{
    /// <summary>A decoded file.</summary>
    public Picture(RgbImage rgb)
    {
        ArgumentNullException.ThrowIfNull(rgb);
        Rgb = rgb;
        (Height, Width) = (rgb.Height, rgb.Width);
    }

    /// <summary>Float pixels; the array is not copied.</summary>
    /// <param name="pixels">3 * height * width finite numbers, nominally in [0, 1], channels first.</param>
    /// <param name="height">Rows.</param>
    /// <param name="width">Columns.</param>
    public Picture(float[] pixels, int height, int width)
    {
        ArgumentNullException.ThrowIfNull(pixels);
        if (pixels.LongLength != 3L * height * width)
            throw new ArgumentException($"{pixels.LongLength} numbers for 3x{height}x{width}", nameof(pixels));
        Pixels = pixels;
        (Height, Width) = (height, width);
    }

    /// <summary>The bytes of a decoded file; null for float pixels.</summary>
    public RgbImage? Rgb { get; }

    /// <summary>Float pixels, channels first; null for a decoded file.</summary>
    public float[]? Pixels { get; }

    /// <summary>Rows.</summary>
    public int Height { get; }

    /// <summary>Columns.</summary>
    public int Width { get; }

    /// <summary>Pixels of all.</summary>
    public long Area => (long)Height * Width;

    /// <summary>8-bit RGB; float pixels are clamped to [0, 1] and rounded.</summary>
    public RgbImage ToRgb()
    {
        if (Rgb is not null)
            return Rgb;
        var plane = Height * Width;
        var bytes = new byte[checked(plane * 3)];
        for (var i = 0; i < plane; i++)
        {
            for (var channel = 0; channel < 3; channel++)
                bytes[(i * 3) + channel] = (byte)MathF.Round(Math.Clamp(Pixels![(channel * plane) + i], 0, 1) * 255);
        }

        return new RgbImage(Width, Height, bytes);
    }
}
