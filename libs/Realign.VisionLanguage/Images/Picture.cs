using Realign.Core.Images;
using Realign.Torch;
using static TorchSharp.torch;

namespace Realign.VisionLanguage.Images;

/// <summary>A picture of a caller: a decoded file (8 bits), or the float pixels of a trainer, not rounded.</summary>
public sealed class Picture
{
    private readonly float[]? _pixels;

    /// <summary>A decoded file.</summary>
    public Picture(RgbImage rgb)
    {
        Rgb = rgb;
        (Height, Width) = (rgb.Height, rgb.Width);
    }

    /// <summary>Float pixels; the array is not copied.</summary>
    /// <param name="pixels">3 * height * width finite numbers, nominally in [0, 1], channels first.</param>
    /// <param name="height">Rows.</param>
    /// <param name="width">Columns.</param>
    public Picture(float[] pixels, int height, int width)
    {
        if (pixels.LongLength != 3L * height * width)
            throw new ArgumentException($"{pixels.LongLength} numbers for 3x{height}x{width}", nameof(pixels));
        _pixels = pixels;
        (Height, Width) = (height, width);
    }

    /// <summary>The bytes of a decoded file; null for float pixels.</summary>
    public RgbImage? Rgb { get; }

    /// <summary>Rows.</summary>
    public int Height { get; }

    /// <summary>Columns.</summary>
    public int Width { get; }

    /// <summary>(1, 3, H, W) in [0, 1], float32.</summary>
    public Tensor ToTensor(Device device)
    {
        using var scope = NewDisposeScope();
        if (_pixels is not null)
            return TensorConvert.FromArray(_pixels, 1, 3, Height, Width).to(device).MoveToOuterDisposeScope();
        var bytes = tensor(Rgb!.Pixels, [1, Height, Width, 3], device: device);
        return bytes.permute(0, 3, 1, 2).to(ScalarType.Float32).div(Scalars.Of(255)).contiguous().MoveToOuterDisposeScope(); // (1, H, W, 3) -> (1, 3, H, W)
    }
}
