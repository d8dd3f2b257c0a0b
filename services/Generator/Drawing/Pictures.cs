using Realign.Core.Images;
using Realign.Imaging;
using Realign.Torch;
using static TorchSharp.torch;

namespace Realign.Generator.Drawing;

/// <summary>Images of the decoder as PNG files.</summary>
internal static class Pictures
{
    /// <summary>One PNG per image; x/2 + 0.5, clamped, rounded half to even as the reference does.</summary>
    /// <param name="images">(B, 3, H, W) around [-1, 1].</param>
    public static IReadOnlyList<byte[]> Png(Tensor images)
    {
        using var scope = NewDisposeScope();
        var (height, width) = ((int)images.shape[2], (int)images.shape[3]);
        var bytes = images.mul(Scalars.Of(0.5)).add(Scalars.Of(0.5)).clamp(Scalars.Of(0), Scalars.Of(1)).mul(Scalars.Of(255)).round().to(ScalarType.Byte).permute(0, 2, 3, 1).contiguous();
        return [.. Enumerable.Range(0, (int)images.shape[0]).Select(i => ImageEncoder.Png(new RgbImage(width, height, bytes[i].bytes.ToArray())))];
    }
}
