namespace Realign.Core.Images;

/// <summary>An 8-bit RGB picture, row-major, three bytes a pixel, without padding.</summary>
public sealed class RgbImage
{
    /// <summary>Wraps pixels; the array is not copied.</summary>
    /// <param name="width">Pixels, at least 1.</param>
    /// <param name="height">Pixels, at least 1.</param>
    /// <param name="pixels">Exactly width * height * 3 bytes.</param>
    public RgbImage(int width, int height, byte[] pixels)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        ArgumentNullException.ThrowIfNull(pixels);
        if (pixels.LongLength != (long)width * height * 3)
            throw new ArgumentException($"{pixels.LongLength} bytes for {width}x{height} RGB pixels", nameof(pixels));
        Width = width;
        Height = height;
        Pixels = pixels;
    }

    /// <summary>Width in pixels.</summary>
    public int Width { get; }

    /// <summary>Height in pixels.</summary>
    public int Height { get; }

    /// <summary>The bytes, R G B from the top left pixel on.</summary>
    public byte[] Pixels { get; }
}
