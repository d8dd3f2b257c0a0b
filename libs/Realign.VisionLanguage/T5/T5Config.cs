using Realign.Core.Configs;

namespace Realign.VisionLanguage.T5;

/// <summary>T5 (Raffel et al. 2020) in its 1.1 and Flan forms, from the <c>text_config</c> of BLIP-2.</summary>
public sealed record T5Config
{
    /// <summary>Entries of the vocabulary.</summary>
    public required int VocabSize { get; init; }

    /// <summary>Width.</summary>
    public required int DModel { get; init; }

    /// <summary>Width of one attention head; heads x this need not be <see cref="DModel"/>.</summary>
    public required int DKv { get; init; }

    /// <summary>Width inside the feed-forward blocks.</summary>
    public required int DFf { get; init; }

    /// <summary>Encoder blocks.</summary>
    public required int NumLayers { get; init; }

    /// <summary>Decoder blocks.</summary>
    public required int NumDecoderLayers { get; init; }

    /// <summary>Attention heads.</summary>
    public required int NumHeads { get; init; }

    /// <summary>Buckets of relative positions.</summary>
    public required int RelativeAttentionNumBuckets { get; init; }

    /// <summary>Distance from which all positions share the last bucket.</summary>
    public required int RelativeAttentionMaxDistance { get; init; }

    /// <summary>Epsilon of the layer norms.</summary>
    public required double LayerNormEpsilon { get; init; }

    /// <summary>Whether the feed-forward blocks multiply two projections.</summary>
    public required bool IsGatedAct { get; init; }

    /// <summary><c>relu</c>, <c>gelu</c> (exact) or <c>gelu_new</c> (tanh form).</summary>
    public required string DenseActFn { get; init; }

    /// <summary>Whether the head shares the token table where a file has none of its own.</summary>
    public required bool TieWordEmbeddings { get; init; }

    /// <summary>Whether the decoder's output is scaled by the root of the width: where the head is tied, unless a newer config says it apart.</summary>
    public required bool ScaleDecoderOutputs { get; init; }

    /// <summary>Id that starts the decoder.</summary>
    public required int DecoderStartTokenId { get; init; }

    /// <summary>Id that ends a text.</summary>
    public required int EosTokenId { get; init; }

    /// <summary>Id of padding.</summary>
    public required int PadTokenId { get; init; }

    /// <summary>Reads the fields; absent ones take the defaults of <c>T5Config</c>.</summary>
    public static T5Config Read(ConfigReader section)
    {
        var projection = section.OneOf("feed_forward_proj", "relu", "relu", "gated-gelu", "gelu", "gated-relu");
        var activation = projection switch
        {
            "relu" or "gated-relu" => "relu",
            "gated-gelu" => "gelu_new",
            _ => "gelu",
        };
        var layers = section.Int("num_layers", 6, max: 1000);
        var isTied = section.Bool("tie_word_embeddings", true);
        var config = new T5Config
        {
            VocabSize = section.Int("vocab_size", 32128),
            DModel = section.Int("d_model", 512),
            DKv = section.Int("d_kv", 64),
            DFf = section.Int("d_ff", 2048),
            NumLayers = layers,
            NumDecoderLayers = section.Int("num_decoder_layers", layers, max: 1000),
            NumHeads = section.Int("num_heads", 8),
            RelativeAttentionNumBuckets = section.Int("relative_attention_num_buckets", 32),
            RelativeAttentionMaxDistance = section.Int("relative_attention_max_distance", 128),
            LayerNormEpsilon = section.Double("layer_norm_epsilon", 1e-6, min: 0),
            IsGatedAct = projection.StartsWith("gated-", StringComparison.Ordinal),
            DenseActFn = section.OneOf("dense_act_fn", activation, "relu", "gelu", "gelu_new"),
            TieWordEmbeddings = isTied,
            ScaleDecoderOutputs = section.Bool("scale_decoder_outputs", isTied),
            DecoderStartTokenId = section.Int("decoder_start_token_id", 0, min: 0),
            EosTokenId = section.Int("eos_token_id", 1, min: 0),
            PadTokenId = section.Int("pad_token_id", 0, min: 0),
        };
        section.Require(config.RelativeAttentionNumBuckets >= 4 && config.RelativeAttentionMaxDistance > config.RelativeAttentionNumBuckets / 2,
            "relative_attention_num_buckets must be at least 4, and relative_attention_max_distance more than half of it");
        section.Require(
            Math.Max(config.DecoderStartTokenId, Math.Max(config.EosTokenId, config.PadTokenId)) < config.VocabSize,
            "a special token id is outside vocab_size");
        return config;
    }
}
