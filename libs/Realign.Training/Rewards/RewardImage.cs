using Realign.Torch;
using static TorchSharp.torch;

namespace Realign.Training.Rewards;

/// <summary>
/// From decoded image to the pixels a reward model sees, differentiable in every step: [-1, 1] -> [0, 1] -> crop -> resize -> normalise.
/// </summary>
public static class RewardImage
{
    /// <summary>image / 2 + 0.5, clamped to [0, 1] in value but with gradient 1 everywhere: saturated pixels keep learning.</summary>
    /// <param name="image">(B, 3, H, W) as decoded, about -1..1.</param>
    public static Tensor ToUnitRange(Tensor image)
    {
        using var scope = NewDisposeScope();
        var unit = image.div(Scalars.Of(2)).add(Scalars.Of(0.5));
        return unit.add(unit.clamp(Scalars.Of(0), Scalars.Of(1)).sub(unit).detach()).MoveToOuterDisposeScope();
    }

    /// <summary>A window of the image; its random offset breaks patterns on the patch grid.</summary>
    /// <param name="image">(B, C, H, W)</param>
    /// <param name="window">Inside the image.</param>
    public static Tensor Crop(Tensor image, CropWindow window)
    {
        if (window.Y < 0 || window.X < 0 || window.Height < 1 || window.Width < 1
            || window.Y + window.Height > image.shape[2] || window.X + window.Width > image.shape[3])
            throw new ArgumentOutOfRangeException(nameof(window), window, $"is not inside an image of {image.shape[3]} x {image.shape[2]}");
        using var scope = NewDisposeScope();
        return image.narrow(2, window.Y, window.Height).narrow(3, window.X, window.Width).MoveToOuterDisposeScope();
    }

    /// <summary>Resize with antialiasing, half-pixel centres; bicubic is Keys' kernel with a = -0.5.</summary>
    /// <param name="image">(B, C, H, W)</param>
    /// <param name="height">Rows wanted.</param>
    /// <param name="width">Columns wanted.</param>
    /// <param name="bilinear">Triangle kernel instead of bicubic.</param>
    public static Tensor Resize(Tensor image, long height, long width, bool bilinear = false) =>
        nn.functional.interpolate(image, [height, width], mode: bilinear ? InterpolationMode.Bilinear : InterpolationMode.Bicubic, align_corners: false, antialias: true);

    /// <summary>(image - mean) / std per channel.</summary>
    /// <param name="image">(B, C, H, W) in 0..1.</param>
    /// <param name="mean">C numbers.</param>
    /// <param name="std">C numbers, above 0.</param>
    public static Tensor Normalise(Tensor image, IReadOnlyList<float> mean, IReadOnlyList<float> std)
    {
        if (mean.Count != image.shape[1] || std.Count != image.shape[1])
            throw new ArgumentException($"{mean.Count} means and {std.Count} deviations for {image.shape[1]} channels", nameof(mean));
        using var scope = NewDisposeScope();
        return image.sub(Channels(mean)).div(Channels(std)).MoveToOuterDisposeScope();

        Tensor Channels(IReadOnlyList<float> values) => tensor(values.ToArray(), [1, values.Count, 1, 1], dtype: image.dtype, device: image.device);
    }
}
