using Realign.Core.Configs;

namespace Realign.VisionLanguage.Blip;

/// <summary>Text model of BLIP: a BERT whose every block also looks at the image; from <c>text_config</c>.</summary>
public sealed record BlipTextConfig
{
    /// <summary>Entries of the vocabulary, those the tokenizer does not know ([DEC], [ENC]) included.</summary>
    public required int VocabSize { get; init; }

    /// <summary>Width.</summary>
    public required int HiddenSize { get; init; }

    /// <summary>Width of the image vectors.</summary>
    public required int EncoderHiddenSize { get; init; }

    /// <summary>Width inside the feed-forward blocks.</summary>
    public required int IntermediateSize { get; init; }

    /// <summary>Number of blocks.</summary>
    public required int NumHiddenLayers { get; init; }

    /// <summary>Attention heads; divides the width.</summary>
    public required int NumAttentionHeads { get; init; }

    /// <summary>Longest text in tokens.</summary>
    public required int MaxPositionEmbeddings { get; init; }

    /// <summary>Epsilon of the layer norms.</summary>
    public required double LayerNormEps { get; init; }

    /// <summary>Id that starts a caption, [DEC].</summary>
    public required int BosTokenId { get; init; }

    /// <summary>Id that ends a caption, [SEP].</summary>
    public required int SepTokenId { get; init; }

    /// <summary>Id of padding.</summary>
    public required int PadTokenId { get; init; }

    /// <summary>Reads a <c>blip_text_model</c>; absent fields take the defaults of <c>BlipTextConfig</c>.</summary>
    /// <param name="section">The section.</param>
    /// <param name="imageWidth">Width of the vision tower: the published class lets it win over <c>encoder_hidden_size</c>.</param>
    public static BlipTextConfig Read(ConfigReader section, int imageWidth)
    {
        _ = section.OneOf("hidden_act", "gelu", "gelu");
        // without it the blocks would have no cross-attention
        section.Only("is_decoder", "true");
        var config = new BlipTextConfig
        {
            VocabSize = section.Int("vocab_size", 30524),
            HiddenSize = section.Int("hidden_size", 768),
            EncoderHiddenSize = imageWidth,
            IntermediateSize = section.Int("intermediate_size", 3072),
            NumHiddenLayers = section.Int("num_hidden_layers", 12, max: 1000),
            NumAttentionHeads = section.Int("num_attention_heads", 8),
            MaxPositionEmbeddings = section.Int("max_position_embeddings", 512),
            LayerNormEps = section.Double("layer_norm_eps", 1e-12, min: 0),
            BosTokenId = section.Int("bos_token_id", 30522, min: 0),
            SepTokenId = section.Int("sep_token_id", 102, min: 0),
            PadTokenId = section.Int("pad_token_id", 0, min: 0),
        };
        section.Require(config.HiddenSize % config.NumAttentionHeads == 0, "hidden_size must be a multiple of num_attention_heads");
        section.Require(
            Math.Max(config.BosTokenId, Math.Max(config.SepTokenId, config.PadTokenId)) < config.VocabSize, "a special token id is outside vocab_size");
        return config;
    }
}
