using Realign.Core.Images;
using Realign.Torch;
using static TorchSharp.torch;

namespace Realign.Diffusion.Generation;

/// <summary>Images of the decoder as pixels.</summary>
internal static class DecodedImages
{
    /// <summary>One image per sample; x/2 + 0.5, clamped, rounded half to even as the reference does.</summary>
    /// <param name="images">(B, 3, H, W) around [-1, 1].</param>
    public static IReadOnlyList<RgbImage> ToRgb(Tensor images)
    {
        using var scope = NewDisposeScope();
        var (height, width) = ((int)images.shape[2], (int)images.shape[3]);
        var bytes = images.mul(Scalars.Of(0.5)).add_(Scalars.Of(0.5)).clamp_(Scalars.Of(0), Scalars.Of(1)).mul_(Scalars.Of(255)).round_()
            .to(ScalarType.Byte).permute(0, 2, 3, 1).contiguous();
        return [.. Enumerable.Range(0, (int)images.shape[0]).Select(i => new RgbImage(width, height, bytes[i].bytes.ToArray()))];
    }
}
