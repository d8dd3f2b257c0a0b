using Realign.Core.Errors;
using Realign.Core.Images;
using Realign.Diffusion.Schedulers;
using Realign.Diffusion.UNet;
using Realign.Diffusion.Vae;
using Realign.Torch;
using static TorchSharp.torch;

namespace Realign.Diffusion.Pipelines;

/// <summary>
/// Draws and encodes what a run starts from, as diffusers' text-to-image, image-to-image and inpainting pipelines do. Random numbers are drawn in
/// this order, and only those that are needed: posterior of the picture, noise, posterior of the masked picture.
/// </summary>
/// <param name="vae">Pictures to latents.</param>
/// <param name="unet">Whether the denoiser sees mask and masked picture.</param>
/// <param name="device">Where the run is computed.</param>
internal sealed class RunStarter(AutoencoderKL vae, UNet2DConditionConfig unet, Device device)
{
    /// <summary>Type of the autoencoder's weights.</summary>
    public ScalarType VaeType => vae.parameters().First().dtype;

    /// <summary>The start of a run.</summary>
    /// <param name="request">Picture, mask, strength and size, checked.</param>
    /// <param name="shape">Of the latents (B, C, h, w).</param>
    /// <param name="scheduler">Planned.</param>
    /// <param name="noise">Random numbers.</param>
    /// <param name="first">First step that is run.</param>
    /// <param name="cancellation">Ends the encoding.</param>
    /// <exception cref="InvalidInputException">The mask marks no cell of the latents.</exception>
    public RunStart Prepare(
        GenerationRequest request, long[] shape, Scheduler scheduler, INoiseSource noise, int first, CancellationToken cancellation)
    {
        using var scope = NewDisposeScope();
        var mask = request.Mask is { } cells ? LatentMask(cells, shape) : null;
        // with a mask and the whole schedule nothing of the picture is left in what is drawn anew
        var isFromNoise = request.InitImage is null || (mask is not null && request.Strength >= 1);
        var original = request.InitImage is { } image && !(isFromNoise && unet.TakesMaskedPicture)
            ? Encode(Pixels(image), shape, noise, cancellation)
            : null;
        var fresh = noise.Next(shape).to(ScalarType.Float32, device);
        var latents = isFromNoise ? fresh.mul(Scalars.Of(scheduler.InitNoiseSigma)) : scheduler.AddNoise(original!, fresh, first);
        var masked = mask is null || unet.TakesMaskedPicture ? null : new MaskedLatents(Keep(mask), Keep(original!), Keep(fresh));
        return new RunStart(Keep(latents), masked, unet.TakesMaskedPicture ? Keep(Channels(request, mask, shape, noise, cancellation)) : null);
    }

    // a picture without a mask, or none, is one of which everything is drawn anew
    private Tensor Channels(GenerationRequest request, Tensor? mask, long[] shape, INoiseSource noise, CancellationToken cancellation)
    {
        var visible = mask is null
            ? zeros(3, shape[2] * vae.Config.Factor, shape[3] * vae.Config.Factor)
            : Pixels(request.InitImage!).mul(Cells(request.Mask!).logical_not());
        var latents = Encode(visible, shape, noise, cancellation);
        return cat([(mask ?? ones(1, 1, shape[2], shape[3], device: device)).expand(shape[0], -1, -1, -1), latents], 1);
    }

    // (3, H, W) in [-1, 1] -> scaled latents (B, C, h, w), float32
    private Tensor Encode(Tensor pixels, long[] shape, INoiseSource noise, CancellationToken cancellation)
    {
        var batch = pixels.unsqueeze(0).expand(shape[0], -1, -1, -1);
        var distribution = vae.Encode(batch.to(VaeType, device), cancellation: cancellation);
        return distribution.Sample(noise.Next(shape).to(VaeType, device)).to(ScalarType.Float32).mul(Scalars.Of(vae.Config.ScalingFactor));
    }

    // the first pixel of a cell stands for it
    private Tensor LatentMask(BinaryMask cells, long[] shape)
    {
        var factor = vae.Config.Factor;
        var mask = new float[shape[2] * shape[3]];
        for (var i = 0; i < mask.Length; i++)
            mask[i] = cells.Cells[(i / shape[3] * factor * cells.Width) + (i % shape[3] * factor)];
        if (!mask.Contains(1))
        {
            throw new InvalidInputException("mask", $"{cells.Area} of {cells.Cells.Length} pixels marked", "nothing would be drawn anew",
                $"mark what shall change in white, at least {factor}x{factor} pixels of it");
        }

        return tensor(mask, [1, 1, shape[2], shape[3]], device: device);
    }

    private static Tensor Cells(BinaryMask mask) => tensor(mask.Cells, [1, mask.Height, mask.Width], dtype: ScalarType.Byte);

    // (3, H, W) in [-1, 1]
    private static Tensor Pixels(Picture image)
    {
        var unit = image.Rgb is { } rgb
            ? tensor(rgb.Pixels, [image.Height, image.Width, 3], dtype: ScalarType.Byte).permute(2, 0, 1).to(ScalarType.Float32).div(Scalars.Of(255))
            : TensorConvert.FromArray(image.Pixels!, 3, image.Height, image.Width);
        return unit.mul(Scalars.Of(2)).sub(Scalars.Of(1));
    }

    private static Tensor Keep(Tensor tensor) => tensor.MoveToOuterDisposeScope();
}
