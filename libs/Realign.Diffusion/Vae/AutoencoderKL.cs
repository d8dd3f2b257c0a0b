using Realign.Core.Errors;
using Realign.Safetensors;
using Realign.Torch;
using Realign.Torch.Weights;
using static TorchSharp.torch;

namespace Realign.Diffusion.Vae;

/// <summary>The image autoencoder of latent diffusion (Rombach et al. 2022). Differentiable.</summary>
/// <remarks>Not thread-safe. Built without storage: <c>Load</c> or <see cref="StateDict.Load"/> gives it weights.</remarks>
public sealed class AutoencoderKL : nn.Module
{
    private readonly VaeEncoder encoder;
    private readonly VaeDecoder decoder;
    private readonly Conv2d? quant_conv;
    private readonly Conv2d? post_quant_conv;

    /// <summary>A model of the given structure, on the meta device.</summary>
    public AutoencoderKL(AutoencoderKLConfig config)
        : base(nameof(AutoencoderKL))
    {
        ArgumentNullException.ThrowIfNull(config);
        Config = config;
        encoder = new VaeEncoder(config);
        decoder = new VaeDecoder(config);
        if (config.UseQuantConv)
            quant_conv = new Conv2d(2 * config.LatentChannels, 2 * config.LatentChannels, 1);
        if (config.UsePostQuantConv)
            post_quant_conv = new Conv2d(config.LatentChannels, config.LatentChannels, 1);
        RegisterComponents();
    }

    /// <summary>Structure.</summary>
    public AutoencoderKLConfig Config { get; }

    /// <summary>Names of published files: attention keys old (<c>query, key, value, proj_attn</c>) and new.</summary>
    public static KeyRules Rules { get; } = new()
    {
        Rename = static key => key.Contains(".attentions.", StringComparison.Ordinal)
            ? key.Replace(".query.", ".to_q.", StringComparison.Ordinal)
                .Replace(".key.", ".to_k.", StringComparison.Ordinal)
                .Replace(".value.", ".to_v.", StringComparison.Ordinal)
                .Replace(".proj_attn.", ".to_out.0.", StringComparison.Ordinal)
            : key,
    };

    /// <summary>Opens a <c>vae</c> folder.</summary>
    /// <param name="folder">Holds <c>config.json</c> and <c>diffusion_pytorch_model[.variant].safetensors</c> or shards.</param>
    /// <param name="placement">Device and type; float16 becomes float32 where the config says <c>force_upcast</c>.</param>
    /// <param name="variant">For example <c>fp16</c>; null for the plain file.</param>
    /// <exception cref="ModelLoadException">Config or weights do not fit; lists every problem.</exception>
    public static AutoencoderKL Load(string folder, TorchPlacement placement, string? variant = null)
    {
        var config = AutoencoderKLConfig.Load(Path.Combine(folder, "config.json"));
        using var weights = SafetensorsSet.OpenFolder(folder, "diffusion_pytorch_model", variant);
        return Load(config, weights, placement);
    }

    /// <summary>An autoencoder with weights from anywhere.</summary>
    /// <param name="config">Structure.</param>
    /// <param name="weights">Opened files; stay the caller's.</param>
    /// <param name="placement">Device and type; float16 becomes float32 where the config says <c>force_upcast</c>.</param>
    /// <exception cref="ModelLoadException">The weights do not fit; lists every problem.</exception>
    public static AutoencoderKL Load(AutoencoderKLConfig config, SafetensorsSet weights, TorchPlacement placement)
    {
        ArgumentNullException.ThrowIfNull(placement);
        var model = new AutoencoderKL(config);
        if (model.Config.ForceUpcast && placement.DType == ScalarType.Float16)
            placement = placement with { DType = ScalarType.Float32 };
        try
        {
            StateDict.Load(model, weights, placement, Rules);
            model.eval();
            return model;
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    /// <summary>Image (B, 3, H, W) in [-1, 1], sides a multiple of <see cref="AutoencoderKLConfig.Factor"/> -> distribution of unscaled latents.</summary>
    /// <exception cref="ArgumentException">The shape does not fit.</exception>
    /// <exception cref="OperationCanceledException">The token was set; it is looked at before each layer of any size.</exception>
    public LatentDistribution Encode(Tensor image, CancellationToken cancellation = default) => Encode(image, null, cancellation);

    /// <summary>The same; <paramref name="observer"/> sees the output of each module under its path, which golden data are compared with.</summary>
    internal LatentDistribution Encode(Tensor image, Action<string, Tensor>? observer, CancellationToken cancellation = default)
    {
        if (image.dim() != 4 || image.shape[1] != Config.InChannels || image.shape[2] % Config.Factor != 0 || image.shape[3] % Config.Factor != 0
            || image.numel() == 0)
            throw new ArgumentException($"expected (B, {Config.InChannels}, H, W) with sides a multiple of {Config.Factor}, got "
                + $"[{string.Join(", ", image.shape)}]", nameof(image));
        var moments = encoder.forward(image, observer, cancellation);
        if (quant_conv is not null)
        {
            moments = quant_conv.forward(moments, cancellation);
            observer?.Invoke("quant_conv", moments);
        }

        return LatentDistribution.FromMoments(moments);
    }

    /// <summary>Unscaled latents (B, C, h, w) -> image (B, 3, H, W) around [-1, 1], not clamped.</summary>
    /// <exception cref="ArgumentException">The shape does not fit.</exception>
    /// <exception cref="OperationCanceledException">The token was set; it is looked at before each layer of any size.</exception>
    public Tensor Decode(Tensor latents, CancellationToken cancellation = default) => Decode(latents, null, cancellation);

    /// <summary>The same; <paramref name="observer"/> sees the output of each module under its path, which golden data are compared with.</summary>
    internal Tensor Decode(Tensor latents, Action<string, Tensor>? observer, CancellationToken cancellation = default)
    {
        if (latents.dim() != 4 || latents.shape[1] != Config.LatentChannels || latents.numel() == 0)
            throw new ArgumentException($"expected (B, {Config.LatentChannels}, h, w), got [{string.Join(", ", latents.shape)}]", nameof(latents));
        using var scope = NewDisposeScope();
        var hidden = latents;
        if (post_quant_conv is not null)
        {
            hidden = post_quant_conv.forward(latents, cancellation);
            observer?.Invoke("post_quant_conv", hidden);
        }

        return decoder.forward(hidden, observer, cancellation).MoveToOuterDisposeScope();
    }

    /// <summary>The same image as <see cref="Decode(Tensor, CancellationToken)"/>, one sample at a time: peak memory does not grow with the batch.</summary>
    /// <exception cref="OperationCanceledException">The token was set.</exception>
    public Tensor DecodeSequentially(Tensor latents, CancellationToken cancellation = default)
    {
        using var scope = NewDisposeScope();
        var images = new List<Tensor>();
        foreach (var sample in latents.split(1))
            images.Add(Decode(sample, cancellation: cancellation));

        return (images.Count == 1 ? images[0] : cat(images, 0)).MoveToOuterDisposeScope();
    }
}
