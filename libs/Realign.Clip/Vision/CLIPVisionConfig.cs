using Realign.Core.Configs;

namespace Realign.Clip.Vision;

/// <summary>Sizes of a CLIP vision tower, from <c>vision_config</c>.</summary>
public sealed record CLIPVisionConfig
{
    /// <summary>Width of the hidden states.</summary>
    public required int HiddenSize { get; init; }

    /// <summary>Width inside the feed-forward part.</summary>
    public required int IntermediateSize { get; init; }

    /// <summary>Transformer layers.</summary>
    public required int NumHiddenLayers { get; init; }

    /// <summary>Heads of each layer.</summary>
    public required int NumAttentionHeads { get; init; }

    /// <summary>Side of the square input in pixels.</summary>
    public required int ImageSize { get; init; }

    /// <summary>Side of a patch in pixels.</summary>
    public required int PatchSize { get; init; }

    /// <summary><c>quick_gelu</c> or <c>gelu</c>.</summary>
    public required string HiddenAct { get; init; }

    /// <summary>Epsilon of every layer norm.</summary>
    public required double LayerNormEps { get; init; }

    /// <summary>Tokens of an image: its patches and the class token.</summary>
    public long NumPositions => ((long)(ImageSize / PatchSize) * (ImageSize / PatchSize)) + 1;

    /// <summary>Reads the fields; absent ones take the defaults of the published class (ViT-B/32). Problems are noted in the reader.</summary>
    public static CLIPVisionConfig Read(ConfigReader reader)
    {
        ArgumentNullException.ThrowIfNull(reader);
        reader.Only("num_channels", "3");
        var config = new CLIPVisionConfig
        {
            HiddenSize = reader.Int("hidden_size", 768, max: 1 << 16),
            IntermediateSize = reader.Int("intermediate_size", 3072, max: 1 << 18),
            NumHiddenLayers = reader.Int("num_hidden_layers", 12, max: 256),
            NumAttentionHeads = reader.Int("num_attention_heads", 12, max: 1 << 10),
            ImageSize = reader.Int("image_size", 224, max: 1 << 14),
            PatchSize = reader.Int("patch_size", 32, max: 1 << 12),
            HiddenAct = reader.OneOf("hidden_act", "quick_gelu", "quick_gelu", "gelu"),
            LayerNormEps = reader.Double("layer_norm_eps", 1e-5, 0, 1),
        };
        reader.Require(config.HiddenSize % config.NumAttentionHeads == 0,
            $"hidden_size {config.HiddenSize} is not a multiple of num_attention_heads {config.NumAttentionHeads}");
        reader.Require(config.PatchSize <= config.ImageSize, $"patch_size {config.PatchSize} is larger than image_size {config.ImageSize}");
        return config;
    }
}
