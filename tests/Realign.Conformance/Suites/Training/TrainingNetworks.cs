using System.Text.Json;
using Realign.Clip;
using Realign.Clip.Text;
using Realign.Diffusion.Schedulers;
using Realign.Diffusion.UNet;
using Realign.Diffusion.Vae;
using Realign.Rewards.Tensors;
using Realign.Safetensors;
using Realign.Torch;
using Realign.Torch.Images;
using static TorchSharp.torch;

namespace Realign.Conformance.Suites.Training;

/// <summary>The networks of the training part, opened when they are asked for.</summary>
internal sealed class TrainingNetworks : IDisposable
{
    private readonly string _folder;
    private readonly Lazy<UNet2DConditionModel> _unet;
    private readonly Lazy<AutoencoderKL> _vae;
    private readonly Lazy<CLIPTextModel> _text;
    private readonly Lazy<CLIPModel> _clip;

    private TrainingNetworks(string folder)
    {
        _folder = folder;
        _unet = new(() => UNet2DConditionModel.Load(Path.Combine(folder, "unet"), TorchPlacement.Cpu));
        _vae = new(() => AutoencoderKL.Load(Path.Combine(folder, "vae"), TorchPlacement.Cpu));
        _text = new(() => CLIPTextModel.Load(Path.Combine(folder, "text_encoder"), TorchPlacement.Cpu));
        _clip = new(() => CLIPModel.Load(Path.Combine(folder, "clip"), TorchPlacement.Cpu));
    }

    public UNet2DConditionModel UNet => _unet.Value;

    public AutoencoderKL Vae => _vae.Value;

    public CLIPModel Clip => _clip.Value;

    /// <summary>Scaling of latents; the published SD 1.x config lacks it.</summary>
    public double ScalingFactor => Vae.Config.ScalingFactor;

    public static TrainingNetworks Open(string part) => new(Path.Combine(part, "models"));

    /// <summary>Cosine of CLIP image and text features, (1), along the whole differentiable path from an image in 0..1.</summary>
    public Tensor ClipReward(Tensor unitImage, ImageCrop crop, int size, int[] ids)
    {
        var config = TrainingGolden.Parse(Path.Combine(_folder, "clip", "preprocessor_config.json"));
        var processor = new DifferentiableImageProcessor(
            size, size, TrainingGolden.Doubles(config.GetProperty("image_mean")), TrainingGolden.Doubles(config.GetProperty("image_std")));
        return FeatureCosine.Of(Clip.ImageFeatures(processor.FromUnit(unitImage, crop)), Clip.TextFeatures(Ids(ids)));
    }

    /// <summary>A second UNet with storage of its own.</summary>
    public UNet2DConditionModel OpenUNet() => UNet2DConditionModel.Load(Path.Combine(_folder, "unet"), TorchPlacement.Cpu);

    /// <summary>Text states of rows of ids, (B, T, D), without gradient.</summary>
    public Tensor Encode(params int[][] rows)
    {
        using var noGradient = no_grad();
        return _text.Value.forward(Ids(rows)).LastHiddenState;
    }

    /// <summary>The published table of cumulative alphas, as the library computes it from the scheduler's config.</summary>
    public IReadOnlyList<float> AlphasCumprod()
    {
        var config = SchedulerConfig.Load(Path.Combine(_folder, "scheduler", "scheduler_config.json"));
        using var scheduler = config.Create(SchedulerKind.DDIM);
        return scheduler.AlphasCumprod;
    }

    /// <summary>The table as the pack ships it.</summary>
    public float[] PublishedAlphasCumprod()
    {
        using var file = SafetensorsFile.Open(Path.Combine(_folder, "scheduler", "alphas_cumprod.safetensors"));
        return file.ReadSingles(file.Entries.Keys.Single());
    }

    public IReadOnlyList<double> Timesteps(int steps)
    {
        var config = SchedulerConfig.Load(Path.Combine(_folder, "scheduler", "scheduler_config.json"));
        using var scheduler = config.Create(SchedulerKind.DDIM);
        scheduler.SetTimesteps(steps);
        return scheduler.Timesteps;
    }

    public static Tensor Ids(params int[][] rows) =>
        tensor(rows.SelectMany(row => row).Select(id => (long)id).ToArray(), [rows.Length, rows.Length == 0 ? 0 : rows[0].Length]);

    public static ImageCrop Crop(JsonElement crop) => new(
        crop.GetProperty("y").GetInt32(), crop.GetProperty("x").GetInt32(), crop.GetProperty("height").GetInt32(), crop.GetProperty("width").GetInt32());

    public void Dispose()
    {
        foreach (var network in new[] { _unet.IsValueCreated ? UNet : (nn.Module?)null, _vae.IsValueCreated ? Vae : null, _text.IsValueCreated ? _text.Value
            : null, _clip.IsValueCreated ? Clip : null })
            network?.Dispose();
    }
}
