using System.Runtime.InteropServices;
using Google.Protobuf;
using Realign.Core.Images;
using Realign.Imaging;
using Realign.Testing;
using Realign.V1;
using Image = Realign.V1.Image;

namespace Realign.Captioner.Tests;

/// <summary>Pictures for requests.</summary>
internal static class Scenes
{
    public const int Side = 64;

    /// <summary>A red ball in front of a light wall, as a file.</summary>
    public static Image Encoded() => new() { Encoded = ByteString.CopyFrom(ImageEncoder.Png(Rgb())) };

    /// <summary>A picture that the miniature generator drew for "a red car and a pink elephant", 64x64.</summary>
    public static Image RedCarLeftOfPinkElephant() => new()
    {
        Encoded = ByteString.CopyFrom(File.ReadAllBytes(Path.Combine(Checkout.Root, "tests", "Realign.Captioner.Tests", "Scenes",
            "red-car-left-of-pink-elephant.png"))),
    };

    /// <summary>The ball as float pixels.</summary>
    public static Image Pixels(Action<float[]>? change = null)
    {
        var values = Planar();
        change?.Invoke(values);
        return Pixels(values);
    }

    public static Image Pixels(float[] values)
    {
        var tensor = new Tensor { DataType = DataType.Float32, Data = ByteString.CopyFrom(MemoryMarshal.AsBytes(values.AsSpan())) };
        tensor.Shape.AddRange([3, Side, Side]);
        return new Image { Pixels = tensor };
    }

    public static float[] Planar()
    {
        var rgb = Rgb();
        var values = new float[3 * Side * Side];
        for (var i = 0; i < values.Length; i++)
            values[i] = rgb.Pixels[(i % (Side * Side) * 3) + (i / (Side * Side))] / 255f;
        return values;
    }

    public static RgbImage Rgb()
    {
        var pixels = new byte[Side * Side * 3];
        for (var y = 0; y < Side; y++)
        {
            for (var x = 0; x < Side; x++)
            {
                var inside = Math.Pow(x - 32, 2) + Math.Pow(y - 32, 2) < 18 * 18;
                var (r, g, b) = inside ? (214, 40, 40) : (226, 230, 235);
                (pixels[((y * Side) + x) * 3], pixels[(((y * Side) + x) * 3) + 1], pixels[(((y * Side) + x) * 3) + 2]) = ((byte)r, (byte)g, (byte)b);
            }
        }

        return new RgbImage(Side, Side, pixels);
    }
}
