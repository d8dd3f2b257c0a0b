using Realign.Clip;
using Realign.Clip.Text;
using Realign.Core.Configs;
using Realign.Core.Errors;
using Realign.Diffusion.UNet;
using Realign.Diffusion.Vae;
using Realign.Safetensors;
using Realign.Torch.Weights;
using Realign.VisionLanguage.Blip;
using Realign.VisionLanguage.Blip2;
using Realign.VisionLanguage.ImageReward;
using static TorchSharp.torch;

namespace Realign.Models.Torch;

/// <summary>A module tree without storage, built from a published config.</summary>
/// <param name="Module">The tree.</param>
/// <param name="Rules">How the keys of its files are spelled.</param>
/// <param name="StaysFloat32">Whether it computes in float32 when float16 is asked for.</param>
/// <param name="Facts">What the config says about the revision.</param>
internal sealed record Architecture(nn.Module Module, KeyRules? Rules, bool StaysFloat32, IReadOnlyList<string> Facts)
{
    private static readonly Dictionary<string, Func<string, Architecture>> Known = new(StringComparer.Ordinal)
    {
        [nameof(UNet2DConditionModel)] = path => UNet(ConfigReader.Open(path)),
        [nameof(AutoencoderKL)] = path => Vae(ConfigReader.Open(path)),
        [nameof(CLIPTextModel)] = path => Text(CLIPTextConfig.Load(path), config => new CLIPTextModel(config)),
        [nameof(CLIPTextModelWithProjection)] = path => Text(CLIPTextConfig.Load(path), config => new CLIPTextModelWithProjection(config)),
        [nameof(CLIPModel)] = Clip,
        [nameof(Blip2ForConditionalGeneration)] = Captioner,
        [nameof(Blip2ForImageTextRetrieval)] = Retrieval,
        [nameof(BlipForConditionalGeneration)] = path => Blip(path, config => new BlipForConditionalGeneration(config), BlipForConditionalGeneration.Rules),
        [nameof(BlipForImageTextRetrieval)] = path => Blip(path, config => new BlipForImageTextRetrieval(config), BlipForImageTextRetrieval.Rules),
        [nameof(ImageRewardModel)] = Reward,
    };

    /// <summary>Classes that can be built.</summary>
    public static IReadOnlyCollection<string> Classes => Known.Keys;

    /// <summary>Numbers in the tree.</summary>
    public long Parameters => StateDict.Shapes(Module).Values.Sum(shape => shape.Aggregate(1L, (product, side) => product * side));

    /// <exception cref="ModelLoadException">The class is unknown or the config cannot be used.</exception>
    public static Architecture Build(string className, string configPath) => Known.TryGetValue(className, out var build)
        ? build(configPath)
        : throw new ModelLoadException(configPath, $"class '{className}' is not implemented (known: {string.Join(", ", Known.Keys)})",
            "use a model of one of these classes");

    /// <summary>A part of a Stable Diffusion snapshot whose config is no file.</summary>
    /// <exception cref="ModelLoadException">The config cannot be used.</exception>
    public static Architecture Build(string className, ConfigReader config) => className switch
    {
        nameof(UNet2DConditionModel) => UNet(config),
        nameof(AutoencoderKL) => Vae(config),
        nameof(CLIPTextModelWithProjection) => Text(CLIPTextConfig.Read(config), sizes => new CLIPTextModelWithProjection(sizes)),
        _ => Text(CLIPTextConfig.Read(config), sizes => new CLIPTextModel(sizes)),
    };

    private static Architecture UNet(ConfigReader reader)
    {
        var config = UNet2DConditionConfig.Read(reader);
        return new Architecture(new UNet2DConditionModel(config), null, false,
        [
            $"{config.InChannels} latent channels, text width {config.CrossAttentionDim}, trained at {config.SampleSize}x{config.SampleSize} latents",
            config.UseLinearProjection ? "linear projections" : "1x1 convolutions as projections",
            .. config.TimeCondProjDim is null ? Array.Empty<string>() : ["guidance is distilled into it (LCM): it takes no negative prompt"],
        ]);
    }

    private static Architecture Vae(ConfigReader reader)
    {
        var config = AutoencoderKLConfig.Read(reader);
        return new Architecture(new AutoencoderKL(config), AutoencoderKL.Rules, config.ForceUpcast,
            [FormattableString.Invariant($"one latent for {config.Factor}x{config.Factor} pixels, scaling factor {config.ScalingFactor}"),
                .. config.ForceUpcast ? ["stays in float32 when float16 is asked for (force_upcast)"] : Array.Empty<string>()]);
    }

    private static Architecture Text(CLIPTextConfig config, Func<CLIPTextConfig, nn.Module> build) =>
        new(build(config), CLIPTextModel.Rules, false,
            [$"{config.HiddenAct}, {config.NumHiddenLayers} layers of width {config.HiddenSize}, {config.MaxPositionEmbeddings} tokens"]);

    private static Architecture Clip(string path)
    {
        var config = CLIPConfig.Load(path);
        return new Architecture(new CLIPModel(config), CLIPModel.Rules, false,
            [$"{config.Text.HiddenAct}, images of {config.Vision.ImageSize} pixels, joint space of width {config.ProjectionDim}"]);
    }

    private static Architecture Captioner(string path)
    {
        var config = Blip2Config.Load(path);
        return new Architecture(new Blip2ForConditionalGeneration(config), Blip2ForConditionalGeneration.Rules(config), false,
        [
            $"language model {(config.T5 is null ? "OPT" : "T5")}, images of {config.Vision.ImageSize} pixels, {config.NumQueryTokens} queries",
            config.ImageTokenIndex is null ? "first layout of the config, without an image token" : "newer layout of the config, with an image token",
        ]);
    }

    private static Architecture Retrieval(string path)
    {
        var config = Blip2Config.Load(path);
        return new Architecture(new Blip2ForImageTextRetrieval(config), Blip2ForImageTextRetrieval.Rules, false,
            [$"images of {config.Vision.ImageSize} pixels, joint space of width {config.ImageTextHiddenSize}"]);
    }

    private static Architecture Blip(string path, Func<BlipConfig, nn.Module> build, KeyRules rules)
    {
        var config = BlipConfig.Load(path);
        return new Architecture(build(config), rules, false,
            [$"images of {config.Vision.ImageSize} pixels, joint space of width {config.ImageTextHiddenSize}"]);
    }

    private static Architecture Reward(string path)
    {
        var folder = Path.GetDirectoryName(path)!;
        using var weights = SafetensorsSet.OpenFolder(folder, "ImageReward");
        var config = ImageRewardModel.ReadConfig(folder, weights);
        return new Architecture(new ImageRewardModel(config), ImageRewardModel.Rules, false,
            [$"images of {config.Vision.ImageSize} pixels, {config.MaxTextTokens} text tokens"]);
    }
}
