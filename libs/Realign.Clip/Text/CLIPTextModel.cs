using Realign.Core.Errors;
using Realign.Safetensors;
using Realign.Torch;
using Realign.Torch.Weights;
using static TorchSharp.torch;

namespace Realign.Clip.Text;

/// <summary>CLIP's text tower (Radford et al. 2021), the conditioning model of Stable Diffusion. Differentiable.</summary>
/// <remarks>Not thread-safe. Built without storage: <c>Load</c> or <see cref="StateDict.Load"/> gives it weights.</remarks>
public class CLIPTextModel : nn.Module
{
    private readonly CLIPTextTransformer text_model;

    /// <summary>A tower of the given sizes, on the meta device.</summary>
    public CLIPTextModel(CLIPTextConfig config)
        : this(config, nameof(CLIPTextModel)) => RegisterComponents();

    private protected CLIPTextModel(CLIPTextConfig config, string name)
        : base(name)
    {
        Config = config;
        text_model = new CLIPTextTransformer(config);
    }

    /// <summary>Sizes.</summary>
    public CLIPTextConfig Config { get; }

    /// <summary>Names of published files: with and without <c>text_model.</c>, with and without the <c>position_ids</c> buffer.</summary>
    public static KeyRules Rules { get; } = new()
    {
        Rename = static key => key switch
        {
            _ when key.EndsWith("embeddings.position_ids", StringComparison.Ordinal) => null,
            _ when key.StartsWith("embeddings.", StringComparison.Ordinal) || key.StartsWith("encoder.", StringComparison.Ordinal)
                || key.StartsWith("final_layer_norm.", StringComparison.Ordinal) => "text_model." + key,
            _ => key,
        },
    };

    /// <summary>Opens a <c>text_encoder</c> folder.</summary>
    /// <param name="folder">Holds <c>config.json</c> and <c>model[.variant].safetensors</c> or shards.</param>
    /// <param name="placement">Device and type.</param>
    /// <param name="variant">For example <c>fp16</c>; null for the plain file.</param>
    /// <exception cref="ModelLoadException">Config or weights do not fit; lists every problem.</exception>
    public static CLIPTextModel Load(string folder, TorchPlacement placement, string? variant = null)
    {
        var model = new CLIPTextModel(CLIPTextConfig.Load(Path.Combine(folder, "config.json")));
        model.LoadWeights(() => SafetensorsSet.OpenFolder(folder, "model", variant), placement, Rules);
        return model;
    }

    /// <summary>A tower with weights from anywhere.</summary>
    /// <param name="config">Sizes.</param>
    /// <param name="weights">Opened files; stay the caller's.</param>
    /// <param name="placement">Device and type.</param>
    /// <exception cref="ModelLoadException">The weights do not fit; lists every problem.</exception>
    public static CLIPTextModel Load(CLIPTextConfig config, SafetensorsSet weights, TorchPlacement placement)
    {
        var model = new CLIPTextModel(config);
        model.LoadWeights(weights, placement, Rules);
        return model;
    }

    /// <summary>int64 (B, T) -> hidden states and pooled row. Only the causal mask is applied, padding is attended to.</summary>
    /// <param name="inputIds">(B, T)</param>
    /// <param name="attentionMask">int64 (B, T), 0 = not attended to; null = all are.</param>
    /// <param name="furtherRows">(N, W): rows that go on where the token table ends, for the ids VocabSize to VocabSize + N - 1; null = none.</param>
    /// <exception cref="ArgumentException">Wrong type or shape, too long, or an id outside the table.</exception>
    public CLIPTextOutput forward(Tensor inputIds, Tensor? attentionMask = null, Tensor? furtherRows = null) =>
        text_model.forward(inputIds, attentionMask, furtherRows);

    /// <summary>The tower's final norm, for a hidden state taken from an earlier layer (clip skip).</summary>
    public Tensor FinalNorm(Tensor hidden) => text_model.final_layer_norm.forward(hidden);

    /// <summary>The token table [vocabulary, width].</summary>
    public Embedding TokenEmbedding => text_model.embeddings.token_embedding;

    private protected void LoadWeights(Func<SafetensorsSet> open, TorchPlacement placement, KeyRules rules)
    {
        try
        {
            using var weights = open();
            LoadWeights(weights, placement, rules);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    private protected void LoadWeights(SafetensorsSet weights, TorchPlacement placement, KeyRules rules)
    {
        try
        {
            StateDict.Load(this, weights, placement, rules);
            eval();
        }
        catch
        {
            Dispose();
            throw;
        }
    }
}
