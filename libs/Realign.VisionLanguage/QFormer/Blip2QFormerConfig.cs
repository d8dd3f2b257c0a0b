using Realign.Core.Configs;

namespace Realign.VisionLanguage.QFormer;

/// <summary>Q-Former of BLIP-2, from <c>qformer_config</c>.</summary>
public sealed record Blip2QFormerConfig
{
    /// <summary>Width.</summary>
    public required int HiddenSize { get; init; }

    /// <summary>Width inside the feed-forward blocks.</summary>
    public required int IntermediateSize { get; init; }

    /// <summary>Number of blocks.</summary>
    public required int NumHiddenLayers { get; init; }

    /// <summary>Attention heads; divides the width.</summary>
    public required int NumAttentionHeads { get; init; }

    /// <summary>Every n-th block, from the first, looks at the image.</summary>
    public required int CrossAttentionFrequency { get; init; }

    /// <summary>Width of the image vectors.</summary>
    public required int EncoderHiddenSize { get; init; }

    /// <summary>Epsilon of the layer norms.</summary>
    public required double LayerNormEps { get; init; }

    /// <summary>Whether the blocks have a text branch; retrieval checkpoints do.</summary>
    public required bool UseQformerTextInput { get; init; }

    /// <summary>Entries of the text vocabulary.</summary>
    public required int VocabSize { get; init; }

    /// <summary>Longest text in tokens.</summary>
    public required int MaxPositionEmbeddings { get; init; }

    /// <summary>Id of padding.</summary>
    public required int PadTokenId { get; init; }

    /// <summary>Reads the fields; absent ones take the defaults of <c>Blip2QFormerConfig</c>.</summary>
    /// <param name="section">The section.</param>
    /// <param name="imageWidth">Width of the vision tower: the published class lets it win over <c>encoder_hidden_size</c>.</param>
    public static Blip2QFormerConfig Read(ConfigReader section, int imageWidth)
    {
        _ = section.OneOf("hidden_act", "gelu", "gelu");
        _ = section.OneOf("position_embedding_type", "absolute", "absolute");
        var config = new Blip2QFormerConfig
        {
            HiddenSize = section.Int("hidden_size", 768),
            IntermediateSize = section.Int("intermediate_size", 3072),
            NumHiddenLayers = section.Int("num_hidden_layers", 12, max: 1000),
            NumAttentionHeads = section.Int("num_attention_heads", 12),
            CrossAttentionFrequency = section.Int("cross_attention_frequency", 2),
            EncoderHiddenSize = imageWidth,
            LayerNormEps = section.Double("layer_norm_eps", 1e-12, min: 0),
            UseQformerTextInput = section.Bool("use_qformer_text_input", false),
            VocabSize = section.Int("vocab_size", 30522),
            MaxPositionEmbeddings = section.Int("max_position_embeddings", 512),
            PadTokenId = section.Int("pad_token_id", 0, min: 0),
        };
        section.Require(config.HiddenSize % config.NumAttentionHeads == 0, "hidden_size must be a multiple of num_attention_heads");
        return config;
    }
}
