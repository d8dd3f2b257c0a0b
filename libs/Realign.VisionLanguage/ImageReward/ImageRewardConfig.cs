using Realign.Core.Configs;
using Realign.Core.Files;
using Realign.VisionLanguage.Blip;
using Realign.VisionLanguage.Vision;

namespace Realign.VisionLanguage.ImageReward;

/// <summary>ImageReward. The published checkpoint has only <c>med_config.json</c>; the rest is fixed in its code, which the defaults repeat.</summary>
public sealed record ImageRewardConfig
{
    /// <summary>Vision tower.</summary>
    public required BlipVisionConfig Vision { get; init; }

    /// <summary>Text encoder.</summary>
    public required BlipTextConfig Text { get; init; }

    /// <summary>Outputs of the linear layers of the head, the last one 1.</summary>
    public IReadOnlyList<long> HeadWidths { get; init; } = [1024, 128, 64, 16, 1];

    /// <summary>Subtracted from the head's output.</summary>
    public double Mean { get; init; } = 0.16717362830052426;

    /// <summary>The difference is divided by it.</summary>
    public double Std { get; init; } = 1.0333394966054072;

    /// <summary>Ids of a text: padded and cut to it.</summary>
    public int MaxTextTokens { get; init; } = 35;

    /// <summary>Reads <c>med_config.json</c> and, where it exists, <c>vit_config.json</c> (absent fields: ViT-L/16 at 224).</summary>
    /// <exception cref="Core.Errors.ModelLoadException">Lists every field that cannot be used.</exception>
    public static ImageRewardConfig Load(string folder)
    {
        var visionPath = Path.Combine(folder, "vit_config.json");
        var vision = ReadVision(ModelFile.Exists(visionPath) ? ConfigReader.Open(visionPath) : ConfigReader.Parse(visionPath, "{}"u8.ToArray()));
        var text = ReadText(ConfigReader.Open(Path.Combine(folder, "med_config.json")), vision.HiddenSize);
        return new ImageRewardConfig { Vision = vision, Text = text };
    }

    private static BlipVisionConfig ReadVision(ConfigReader root)
    {
        var config = new BlipVisionConfig
        {
            HiddenSize = root.Int("embed_dim", 1024),
            IntermediateSize = root.Int("mlp_hidden", 4096),
            NumHiddenLayers = root.Int("depth", 24, max: 1000),
            NumAttentionHeads = root.Int("num_heads", 16),
            ImageSize = root.Int("image_size", 224),
            PatchSize = root.Int("patch_size", 16),
            LayerNormEps = root.Double("layer_norm_eps", 1e-6, min: 0),
            QkvBias = root.Bool("qkv_bias", true),
        };
        root.Require(config.HiddenSize % config.NumAttentionHeads == 0, "embed_dim must be a multiple of num_heads");
        root.Require(config.PatchSize <= config.ImageSize, "patch_size must not exceed image_size");
        root.ThrowIfAny();
        return config;
    }

    private static BlipTextConfig ReadText(ConfigReader root, int imageWidth)
    {
        _ = root.OneOf("hidden_act", "gelu", "gelu");
        root.Only("add_cross_attention", "true");
        var config = new BlipTextConfig
        {
            VocabSize = root.Int("vocab_size", 30524),
            HiddenSize = root.Int("hidden_size", 768),
            // the published file says 768, the published code puts the tower's width in its place
            EncoderHiddenSize = imageWidth,
            IntermediateSize = root.Int("intermediate_size", 3072),
            NumHiddenLayers = root.Int("num_hidden_layers", 12, max: 1000),
            NumAttentionHeads = root.Int("num_attention_heads", 12),
            MaxPositionEmbeddings = root.Int("max_position_embeddings", 512),
            LayerNormEps = root.Double("layer_norm_eps", 1e-12, min: 0),
            PadTokenId = root.Int("pad_token_id", 0, min: 0),
            // nothing is generated, so neither is ever used
            BosTokenId = 0,
            SepTokenId = 0,
        };
        root.Require(config.HiddenSize % config.NumAttentionHeads == 0, "hidden_size must be a multiple of num_attention_heads");
        root.ThrowIfAny();
        return config;
    }
}
