using Realign.Core.Images;
using Realign.Torch;
using static TorchSharp.torch;

namespace Realign.VisionLanguage.Images;

/// <summary>Pictures as tensors.</summary>
internal static class PictureTensors
{
    /// <summary>(1, 3, H, W), nominally in [0, 1], float32. The caller's dispose scope owns it.</summary>
    public static Tensor ToTensor(this Picture picture, Device device)
    {
        ArgumentNullException.ThrowIfNull(picture);
        using var scope = NewDisposeScope();
        if (picture.Pixels is { } pixels)
            return TensorConvert.FromArray(pixels, 1, 3, picture.Height, picture.Width).to(device).MoveToOuterDisposeScope();
        var bytes = tensor(picture.Rgb!.Pixels, [1, picture.Height, picture.Width, 3], device: device);
        return bytes.permute(0, 3, 1, 2).to(ScalarType.Float32).div(Scalars.Of(255)).contiguous().MoveToOuterDisposeScope(); // (1, H, W, 3) -> (1, 3, H, W)
    }
}
