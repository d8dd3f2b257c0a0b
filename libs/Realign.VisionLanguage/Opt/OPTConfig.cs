using Realign.Core.Configs;

namespace Realign.VisionLanguage.Opt;

/// <summary>OPT language model (Zhang et al. 2022), from its <c>config.json</c> or the <c>text_config</c> of BLIP-2.</summary>
public sealed record OPTConfig
{
    /// <summary>Entries of the vocabulary.</summary>
    public required int VocabSize { get; init; }

    /// <summary>Width of the decoder.</summary>
    public required int HiddenSize { get; init; }

    /// <summary>Width of the token embeddings; differs from <see cref="HiddenSize"/> only in opt-350m.</summary>
    public required int WordEmbedProjDim { get; init; }

    /// <summary>Width inside the feed-forward blocks.</summary>
    public required int FfnDim { get; init; }

    /// <summary>Number of blocks.</summary>
    public required int NumHiddenLayers { get; init; }

    /// <summary>Attention heads; divides the width.</summary>
    public required int NumAttentionHeads { get; init; }

    /// <summary>Longest sequence in tokens, image queries included.</summary>
    public required int MaxPositionEmbeddings { get; init; }

    /// <summary>Pre-norm (all but opt-350m) or post-norm blocks.</summary>
    public required bool DoLayerNormBefore { get; init; }

    /// <summary>Whether the head shares the token table; else both are stored.</summary>
    public required bool TieWordEmbeddings { get; init; }

    /// <summary>Whether a layer norm follows the last block.</summary>
    public required bool HasFinalLayerNorm { get; init; }

    /// <summary>Id that starts every text, <c>&lt;/s&gt;</c>.</summary>
    public required int BosTokenId { get; init; }

    /// <summary>Id that ends a generated text; in BLIP-2 the newline.</summary>
    public required int EosTokenId { get; init; }

    /// <summary>Id of padding.</summary>
    public required int PadTokenId { get; init; }

    /// <summary>Reads the fields; absent ones take the defaults of the published class (opt-125m).</summary>
    public static OPTConfig Read(ConfigReader section)
    {
        _ = section.OneOf("activation_function", "relu", "relu");
        section.Only("enable_bias", "true");
        section.Only("layer_norm_elementwise_affine", "true");
        var hidden = section.Int("hidden_size", 768);
        var before = section.Bool("do_layer_norm_before", true);
        var config = new OPTConfig
        {
            VocabSize = section.Int("vocab_size", 50272),
            HiddenSize = hidden,
            WordEmbedProjDim = section.Int("word_embed_proj_dim", hidden),
            FfnDim = section.Int("ffn_dim", 3072),
            NumHiddenLayers = section.Int("num_hidden_layers", 12, max: 1000),
            NumAttentionHeads = section.Int("num_attention_heads", 12),
            MaxPositionEmbeddings = section.Int("max_position_embeddings", 2048),
            DoLayerNormBefore = before,
            TieWordEmbeddings = section.Bool("tie_word_embeddings", true),
            HasFinalLayerNorm = before && !section.Bool("_remove_final_layer_norm", false),
            BosTokenId = section.Int("bos_token_id", 2, min: 0),
            EosTokenId = section.Int("eos_token_id", 2, min: 0),
            PadTokenId = section.Int("pad_token_id", 1, min: 0),
        };
        section.Require(config.HiddenSize % config.NumAttentionHeads == 0, "hidden_size must be a multiple of num_attention_heads");
        section.Require(
            Math.Max(config.BosTokenId, Math.Max(config.EosTokenId, config.PadTokenId)) < config.VocabSize, "a special token id is outside vocab_size");
        return config;
    }
}
