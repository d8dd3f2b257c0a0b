using Realign.Diffusion.Pipelines;
using Realign.Diffusion.UNet;
using Realign.Diffusion.Vae;

namespace Realign.Diffusion.Generation;

/// <summary>
/// How many pixels a call may ask for: at most four images of 1024x1024, less where memory ends before. A call may take half of the memory
/// that is there when the model is loaded; one image of the checkpoint's own size is always allowed.
/// </summary>
/// <param name="MaxPixels">Most pixels of a call.</param>
/// <param name="BytesPerPixel">What a pixel takes at most while it is generated.</param>
public sealed record PixelBudget(long MaxPixels, long BytesPerPixel)
{
    /// <summary>Limit where memory sets none.</summary>
    public const long LargestCall = 4L << 20;

    // maps of the decoder's last level that live at once: input, its norm, its activation and the convolution's copy of it at the width before the
    // level; the convolution's output at the width after it
    private const int WideMaps = 4;
    private const int NarrowMaps = 1;

    // of the denoiser's first level, in widths: skips and residuals, norms, the gated feed-forward layer, its halves and their copies
    private const int DenoiserWidths = 38;
    private const int GuidedBatch = 2;

    // malloc keeps freed blocks below 32 MiB for the next maps, which are of other sizes and leave gaps: what denoiser and decoder took adds up, and
    // from 0.85 to 1.4 times of that was held at 512 to 1024 pixels a side
    private const double HeldTimes = 1.6;
    private const int Tokens = 77;

    /// <summary>The budget of a loaded pipeline.</summary>
    /// <param name="pipeline">On the CPU; devices have memory of their own, of which nothing is known here.</param>
    /// <param name="availableBytes">Memory that is there.</param>
    public static PixelBudget For(StableDiffusionPipeline pipeline, long availableBytes)
    {
        ArgumentNullException.ThrowIfNull(pipeline);
        var bytes = Estimate(pipeline.UNet.Config, pipeline.Vae.Config);
        long side = pipeline.UNet.Config.SampleSize * pipeline.Vae.Config.Factor;
        return pipeline.Placement.Device.type == TorchSharp.DeviceType.CPU
            ? new PixelBudget(Math.Max(side * side, Math.Min(availableBytes / 2 / bytes, LargestCall)), bytes)
            : new PixelBudget(LargestCall, bytes);
    }

    /// <summary>
    /// Bytes a pixel takes at most, in single precision: the denoiser's largest maps, heat maps included, the decoder's, and the gaps between them.
    /// </summary>
    internal static long Estimate(UNet2DConditionConfig unet, AutoencoderKLConfig vae)
    {
        var (narrow, wide) = (vae.BlockOutChannels[0], vae.BlockOutChannels[Math.Min(1, vae.BlockOutChannels.Count - 1)]);
        long decoder = sizeof(float) * ((WideMaps * wide) + (NarrowMaps * narrow));
        var heatMaps = unet.AttentionHeads[0] * Tokens * ((2 * unet.LayersPerBlock[0]) + 1);
        long denoiser = sizeof(float) * ((GuidedBatch * DenoiserWidths * unet.BlockOutChannels[0]) + heatMaps) / (vae.Factor * vae.Factor);
        return (long)((decoder + denoiser) * HeldTimes);
    }
}
