using NetVips;
using Realign.Core.Images;
using Realign.Imaging.Decoding;

namespace Realign.Imaging;

/// <summary>Encodes pictures without metadata.</summary>
public static class ImageEncoder
{
    /// <summary>Lossless PNG.</summary>
    /// <param name="image">The picture.</param>
    public static byte[] Png(RgbImage image)
    {
        using var source = Source(image);
        return source.PngsaveBuffer(compression: 3, keep: Enums.ForeignKeep.None);
    }

    /// <summary>JPEG.</summary>
    /// <param name="image">The picture.</param>
    /// <param name="quality">From 1 to 100.</param>
    public static byte[] Jpeg(RgbImage image, int quality = 90)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(quality, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(quality, 100);
        using var source = Source(image);
        return source.JpegsaveBuffer(q: quality, keep: Enums.ForeignKeep.None);
    }

    /// <summary>A mask as a gray PNG: 0 is black, 1 is white.</summary>
    /// <param name="mask">The mask.</param>
    public static byte[] Png(BinaryMask mask)
    {
        ArgumentNullException.ThrowIfNull(mask);
        VipsRuntime.Ensure();
        using var source = Image.NewFromMemory(Array.ConvertAll(mask.Cells, cell => (byte)(cell * 255)), mask.Width, mask.Height, 1, Enums.BandFormat.Uchar);
        return source.PngsaveBuffer(compression: 3, keep: Enums.ForeignKeep.None);
    }

    private static Image Source(RgbImage image)
    {
        ArgumentNullException.ThrowIfNull(image);
        VipsRuntime.Ensure();
        return Image.NewFromMemory(image.Pixels, image.Width, image.Height, 3, Enums.BandFormat.Uchar);
    }
}
