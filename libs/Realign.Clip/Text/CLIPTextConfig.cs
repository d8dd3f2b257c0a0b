using Realign.Core.Configs;
using Realign.Core.Errors;

namespace Realign.Clip.Text;

/// <summary>Sizes of a CLIP text tower, from its <c>config.json</c>.</summary>
public sealed record CLIPTextConfig
{
    /// <summary>Entries of the token table.</summary>
    public required int VocabSize { get; init; }

    /// <summary>Width of the hidden states.</summary>
    public required int HiddenSize { get; init; }

    /// <summary>Width inside the feed-forward part.</summary>
    public required int IntermediateSize { get; init; }

    /// <summary>Transformer layers.</summary>
    public required int NumHiddenLayers { get; init; }

    /// <summary>Heads of each layer.</summary>
    public required int NumAttentionHeads { get; init; }

    /// <summary>Longest sequence.</summary>
    public required int MaxPositionEmbeddings { get; init; }

    /// <summary><c>quick_gelu</c> or <c>gelu</c>.</summary>
    public required string HiddenAct { get; init; }

    /// <summary>Epsilon of every layer norm.</summary>
    public required double LayerNormEps { get; init; }

    /// <summary>Width of the joint space (projection classes only).</summary>
    public required int ProjectionDim { get; init; }

    /// <summary>End-of-text id; 2 is a legacy value that means "the largest id of the sequence".</summary>
    public required int EosTokenId { get; init; }

    /// <summary>Reads <c>config.json</c>.</summary>
    /// <exception cref="ModelLoadException">A field is missing or has a value that is not implemented; lists all.</exception>
    public static CLIPTextConfig Load(string path) => Read(ConfigReader.Open(path));

    /// <summary>Reads the fields from an opened config.</summary>
    /// <exception cref="ModelLoadException">A field is missing or has a value that is not implemented; lists all.</exception>
    public static CLIPTextConfig Read(ConfigReader reader)
    {
        ArgumentNullException.ThrowIfNull(reader);
        var config = new CLIPTextConfig
        {
            VocabSize = reader.Int("vocab_size", 49408),
            HiddenSize = reader.Int("hidden_size", 512, max: 1 << 16),
            IntermediateSize = reader.Int("intermediate_size", 2048, max: 1 << 18),
            NumHiddenLayers = reader.Int("num_hidden_layers", 12, max: 256),
            NumAttentionHeads = reader.Int("num_attention_heads", 8, max: 1 << 10),
            MaxPositionEmbeddings = reader.Int("max_position_embeddings", 77, max: 1 << 16),
            HiddenAct = reader.OneOf("hidden_act", "quick_gelu", "quick_gelu", "gelu"),
            LayerNormEps = reader.Double("layer_norm_eps", 1e-5, 0, 1),
            ProjectionDim = reader.Int("projection_dim", 512, max: 1 << 16),
            EosTokenId = reader.Int("eos_token_id", 49407, min: 0),
        };
        if (config.HiddenSize % config.NumAttentionHeads != 0)
            reader.Problem($"hidden_size {config.HiddenSize} is not a multiple of num_attention_heads {config.NumAttentionHeads}");
        reader.ThrowIfAny();
        return config;
    }
}
