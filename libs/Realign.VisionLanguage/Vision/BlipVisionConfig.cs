using Realign.Core.Configs;

namespace Realign.VisionLanguage.Vision;

/// <summary>Vision tower of BLIP and BLIP-2, from <c>vision_config</c>.</summary>
public sealed record BlipVisionConfig
{
    /// <summary>Width of the tower.</summary>
    public required int HiddenSize { get; init; }

    /// <summary>Width inside the feed-forward blocks.</summary>
    public required int IntermediateSize { get; init; }

    /// <summary>Number of blocks.</summary>
    public required int NumHiddenLayers { get; init; }

    /// <summary>Attention heads; divides the width.</summary>
    public required int NumAttentionHeads { get; init; }

    /// <summary>Side of the square input in pixels.</summary>
    public required int ImageSize { get; init; }

    /// <summary>Side of a patch in pixels.</summary>
    public required int PatchSize { get; init; }

    /// <summary>Epsilon of the layer norms.</summary>
    public required double LayerNormEps { get; init; }

    /// <summary>Whether the fused q, k, v projection has a bias.</summary>
    public bool QkvBias { get; init; } = true;

    /// <summary>Tokens of an image: its patches and the class token.</summary>
    public long NumPositions => ((long)(ImageSize / PatchSize) * (ImageSize / PatchSize)) + 1;

    /// <summary>Reads a <c>blip_2_vision_model</c>; absent fields take the defaults of <c>Blip2VisionConfig</c> (EVA-CLIP g).</summary>
    public static BlipVisionConfig ReadBlip2(ConfigReader section) => Read(section, 1408, 6144, 39, 16, 224, 14, 1e-6);

    /// <summary>Reads a <c>blip_vision_model</c>; absent fields take the defaults of <c>BlipVisionConfig</c> (ViT-B).</summary>
    public static BlipVisionConfig ReadBlip(ConfigReader section) => Read(section, 768, 3072, 12, 12, 384, 16, 1e-5);

    private static BlipVisionConfig Read(ConfigReader section, int hidden, int intermediate, int layers, int heads, int image, int patch, double eps)
    {
        _ = section.OneOf("hidden_act", "gelu", "gelu");
        var config = new BlipVisionConfig
        {
            HiddenSize = section.Int("hidden_size", hidden),
            IntermediateSize = section.Int("intermediate_size", intermediate),
            NumHiddenLayers = section.Int("num_hidden_layers", layers, max: 1000),
            NumAttentionHeads = section.Int("num_attention_heads", heads),
            ImageSize = section.Int("image_size", image),
            PatchSize = section.Int("patch_size", patch),
            LayerNormEps = section.Double("layer_norm_eps", eps, min: 0),
            QkvBias = section.Bool("qkv_bias", true),
        };
        section.Require(section.Int("num_channels", 3) == 3, "num_channels must be 3");
        section.Require(config.HiddenSize % config.NumAttentionHeads == 0, "hidden_size must be a multiple of num_attention_heads");
        section.Require(config.PatchSize <= config.ImageSize, "patch_size must not exceed image_size");
        return config;
    }
}
