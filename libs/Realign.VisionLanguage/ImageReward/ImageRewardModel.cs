// ImageReward (Xu et al. 2023): BLIP's towers and a head of linear layers. Reference: THUDM/ImageReward, ImageReward.py.
using Realign.Safetensors;
using Realign.Torch;
using Realign.Torch.Weights;
using Realign.VisionLanguage.Blip;
using Realign.VisionLanguage.Generation;
using Realign.VisionLanguage.Preference;
using Realign.VisionLanguage.Vision;
using static TorchSharp.torch;

namespace Realign.VisionLanguage.ImageReward;

/// <summary>How much people would like an image for a prompt: about 0 on average, about 1 standard deviation wide. Differentiable.</summary>
public sealed class ImageRewardModel : nn.Module
{
    private readonly ImageRewardBlip blip;
    private readonly LinearHead mlp;

    /// <summary>A model without weights.</summary>
    public ImageRewardModel(ImageRewardConfig config)
        : base(nameof(ImageRewardModel))
    {
        Config = config;
        blip = new ImageRewardBlip(config);
        mlp = new LinearHead(config.Text.HiddenSize, config.HeadWidths);
        RegisterComponents();
    }

    /// <summary>The config it was built from.</summary>
    public ImageRewardConfig Config { get; }

    /// <summary>Keys of the published file: the vision tower has the names of timm, the head those of a list with dropouts in it.</summary>
    public static KeyRules Rules { get; } = new() { Rename = Rename };

    /// <summary>
    /// Loads a folder with <c>med_config.json</c> and <c>ImageReward.safetensors</c>, or such weights under another name; the head's widths are those of
    /// the file.
    /// </summary>
    /// <param name="path">The folder, or the file in it.</param>
    /// <param name="placement">Device and type.</param>
    /// <exception cref="Core.Errors.ModelLoadException">Lists everything that does not fit.</exception>
    public static ImageRewardModel Load(string path, TorchPlacement placement)
    {
        using var weights = OpenWeights(path);
        var model = new ImageRewardModel(ReadConfig(FolderOf(path), weights));
        try
        {
            StateDict.Load(model, weights, placement, Rules);
        }
        catch
        {
            model.Dispose();
            throw;
        }

        return model;
    }

    /// <summary>Weights of the published keys.</summary>
    /// <param name="path">The folder, or the file in it.</param>
    /// <exception cref="Core.Errors.ModelLoadException">There are none, or only a pickle, which is how they are published.</exception>
    public static SafetensorsSet OpenWeights(string path) =>
        Directory.Exists(path) || !File.Exists(path) ? SafetensorsSet.OpenFolder(path, "ImageReward") : SafetensorsSet.OpenFile(path);

    /// <summary>Where the configs and the tokenizer are.</summary>
    /// <param name="path">The folder, or the file in it.</param>
    public static string FolderOf(string path) => Directory.Exists(path) ? path : Path.GetDirectoryName(Path.GetFullPath(path))!;

    /// <summary>Whether keys are those of an ImageReward.</summary>
    public static bool IsLayoutOf(IReadOnlyDictionary<string, SafetensorsEntry> entries)
    {
        ArgumentNullException.ThrowIfNull(entries);
        return entries.ContainsKey("blip.visual_encoder.cls_token") && entries.ContainsKey("mlp.layers.0.weight");
    }

    /// <summary>The structure of a folder: its config files, and the head's widths as the weights have them.</summary>
    /// <exception cref="Core.Errors.ModelLoadException">Lists every field that cannot be used.</exception>
    public static ImageRewardConfig ReadConfig(string folder, SafetensorsSet weights)
    {
        ArgumentNullException.ThrowIfNull(weights);
        var config = ImageRewardConfig.Load(folder);
        return config with { HeadWidths = LinearHead.WidthsOf(weights, "mlp.", config.HeadWidths) };
    }

    /// <summary>(B, 3, S, S) normalized pixels -> (B, P, E) image vectors.</summary>
    internal Tensor EncodeImage(Tensor pixelValues) => blip.visual_encoder.forward(pixelValues);

    /// <summary>(B, P, E) image vectors and B texts -> (B, C): the state of the first token.</summary>
    internal Tensor TextFeatures(Tensor image, TokenBatch texts)
    {
        using var scope = NewDisposeScope();
        return blip.text_encoder.Encode(texts, image).select(1, 0).MoveToOuterDisposeScope();
    }

    /// <summary>(B, C) text features -> (B) rewards.</summary>
    internal Tensor Reward(Tensor textFeatures)
    {
        using var scope = NewDisposeScope();
        return mlp.forward(textFeatures).squeeze(-1).sub(Scalars.Of(Config.Mean)).div(Scalars.Of(Config.Std)).MoveToOuterDisposeScope();
    }

    private static string? Rename(string key)
    {
        if (key.EndsWith("position_ids", StringComparison.Ordinal))
            return null;
        const string Head = "mlp.";
        if (key.StartsWith(Head, StringComparison.Ordinal))
            return Head + LinearHead.Rename(key[Head.Length..]);
        const string Tower = "blip.visual_encoder.";
        if (!key.StartsWith(Tower, StringComparison.Ordinal))
            return key;
        return Tower + key[Tower.Length..]
            .Replace("cls_token", "embeddings.class_embedding", StringComparison.Ordinal)
            .Replace("pos_embed", "embeddings.position_embedding", StringComparison.Ordinal)
            .Replace("patch_embed.proj.", "embeddings.patch_embedding.", StringComparison.Ordinal)
            .Replace("blocks.", "encoder.layers.", StringComparison.Ordinal)
            .Replace(".attn.proj.", ".self_attn.projection.", StringComparison.Ordinal)
            .Replace(".attn.qkv.", ".self_attn.qkv.", StringComparison.Ordinal)
            .Replace(".norm1.", ".layer_norm1.", StringComparison.Ordinal)
            .Replace(".norm2.", ".layer_norm2.", StringComparison.Ordinal)
            .Replace("norm.weight", "post_layernorm.weight", StringComparison.Ordinal)
            .Replace("norm.bias", "post_layernorm.bias", StringComparison.Ordinal);
    }
}

internal sealed class ImageRewardBlip : nn.Module
{
    internal readonly BlipVisionModel visual_encoder;
    internal readonly BlipTextModel text_encoder;

    public ImageRewardBlip(ImageRewardConfig config)
        : base(nameof(ImageRewardBlip))
    {
        visual_encoder = new BlipVisionModel(config.Vision);
        text_encoder = new BlipTextModel(config.Text);
        RegisterComponents();
    }
}
