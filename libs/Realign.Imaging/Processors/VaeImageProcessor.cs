using Realign.Core.Images;

namespace Realign.Imaging;

/// <summary>Pictures to VAE inputs and back (diffusers <c>VaeImageProcessor</c>).</summary>
/// <param name="scaleFactor">Pixels per latent cell, normally 8: sides are rounded down to multiples of it.</param>
public sealed class VaeImageProcessor(int scaleFactor = 8)
{
    /// <summary>3 x height x width in [-1, 1].</summary>
    /// <param name="image">Any picture of at least one latent cell.</param>
    /// <param name="height">Pixels; null = the next lower multiple of the scale factor.</param>
    /// <param name="width">Pixels; null = the next lower multiple of the scale factor.</param>
    /// <param name="mode">How the size is reached.</param>
    public float[] Preprocess(RgbImage image, int? height = null, int? width = null, VaeResizeMode mode = VaeResizeMode.Default)
    {
        var resized = Resize(image, height, width, mode);
        var plane = resized.Width * resized.Height;
        var values = new float[3 * plane];
        for (var i = 0; i < plane; i++)
        {
            for (var channel = 0; channel < 3; channel++)
                values[channel * plane + i] = 2 * (resized.Pixels[i * 3 + channel] / 255f) - 1;
        }

        return values;
    }

    /// <summary>The resize step alone (Lanczos).</summary>
    /// <param name="image">Any picture of at least one latent cell.</param>
    /// <param name="height">Pixels; null = the next lower multiple of the scale factor.</param>
    /// <param name="width">Pixels; null = the next lower multiple of the scale factor.</param>
    /// <param name="mode">How the size is reached.</param>
    public RgbImage Resize(RgbImage image, int? height = null, int? width = null, VaeResizeMode mode = VaeResizeMode.Default)
    {
        ArgumentNullException.ThrowIfNull(image);
        var (targetHeight, targetWidth) = (Multiple(height ?? image.Height), Multiple(width ?? image.Width));
        return mode switch
        {
            VaeResizeMode.Fill => VaePlacement.Fill(image, targetHeight, targetWidth),
            VaeResizeMode.Crop => VaePlacement.Crop(image, targetHeight, targetWidth),
            _ => VaePlacement.Stretch(image, targetHeight, targetWidth),
        };
    }

    /// <summary>A gray mask: resized (Lanczos), 1 from half on, otherwise 0.</summary>
    /// <param name="image">The mask as a picture; colors count by their luma.</param>
    /// <param name="height">Pixels; null = the next lower multiple of the scale factor.</param>
    /// <param name="width">Pixels; null = the next lower multiple of the scale factor.</param>
    public BinaryMask PreprocessMask(RgbImage image, int? height = null, int? width = null)
    {
        ArgumentNullException.ThrowIfNull(image);
        var (targetHeight, targetWidth) = (Multiple(height ?? image.Height), Multiple(width ?? image.Width));
        var gray = new byte[image.Width * image.Height];
        for (var i = 0; i < gray.Length; i++)
            gray[i] = (byte)((image.Pixels[3 * i] * 19595 + image.Pixels[3 * i + 1] * 38470 + image.Pixels[3 * i + 2] * 7471 + 0x8000) >> 16);
        var resized = PillowResize.Resize(gray, image.Width, image.Height, 1, targetWidth, targetHeight, PillowFilter.Lanczos);
        return new BinaryMask(targetWidth, targetHeight, Array.ConvertAll(resized, value => (byte)(value / 255f >= 0.5f ? 1 : 0)));
    }

    /// <summary>Numbers from 0 to 1 as a VAE input: [-1, 1], in the same layout.</summary>
    /// <param name="values">Nominally [0, 1].</param>
    public static float[] Normalize(ReadOnlySpan<float> values)
    {
        var result = new float[values.Length];
        for (var i = 0; i < result.Length; i++)
            result[i] = 2 * values[i] - 1;
        return result;
    }

    /// <summary>A decoded tensor as numbers from 0 to 1, in the same layout.</summary>
    /// <param name="values">Decoder output, nominally [-1, 1].</param>
    public static float[] Denormalize(ReadOnlySpan<float> values)
    {
        var result = new float[values.Length];
        for (var i = 0; i < result.Length; i++)
            result[i] = Math.Clamp(values[i] * 0.5f + 0.5f, 0f, 1f);
        return result;
    }

    /// <summary>A decoded tensor as a picture: clamped, times 255, rounded half to even; NaN is black.</summary>
    /// <param name="values">3 x height x width, nominally [-1, 1].</param>
    /// <param name="height">Pixels.</param>
    /// <param name="width">Pixels.</param>
    public static RgbImage Postprocess(ReadOnlySpan<float> values, int height, int width)
    {
        var plane = height * width;
        var unit = Denormalize(values[..(3 * plane)]);
        var pixels = new byte[3 * plane];
        for (var i = 0; i < plane; i++)
        {
            for (var channel = 0; channel < 3; channel++)
                pixels[i * 3 + channel] = (byte)MathF.Round(unit[channel * plane + i] * 255f, MidpointRounding.ToEven);
        }

        return new RgbImage(width, height, pixels);
    }

    private int Multiple(int size)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(size, scaleFactor);
        return size - size % scaleFactor;
    }
}
