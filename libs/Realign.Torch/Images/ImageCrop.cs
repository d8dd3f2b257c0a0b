using static TorchSharp.torch;

namespace Realign.Torch.Images;

/// <summary>A rectangle of a picture, in pixels.</summary>
/// <param name="Top">First row, from 0.</param>
/// <param name="Left">First column, from 0.</param>
/// <param name="Height">Rows, at least 1.</param>
/// <param name="Width">Columns, at least 1.</param>
public readonly record struct ImageCrop(int Top, int Left, int Height, int Width)
{
    /// <summary>That part of an image; a random offset breaks patterns on a model's patch grid.</summary>
    /// <param name="image">(B, C, H, W).</param>
    /// <returns>(B, C, Height, Width), a view with gradient.</returns>
    public Tensor Of(Tensor image)
    {
        // libtorch would refuse it too, but far from the cause
        if (Top < 0 || Left < 0 || Height < 1 || Width < 1 || (long)Top + Height > image.shape[2] || (long)Left + Width > image.shape[3])
            throw new ArgumentOutOfRangeException(nameof(image), $"{this} does not lie inside {image.shape[2]}x{image.shape[3]} pixels (height x width)");
        using var scope = NewDisposeScope();
        return image.narrow(2, Top, Height).narrow(3, Left, Width).MoveToOuterDisposeScope();
    }
}
