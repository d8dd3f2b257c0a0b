// OPT (Zhang et al. 2022). Reference: transformers modeling_opt.py.
using Realign.Torch.Layers;
using Realign.Torch;
using Realign.VisionLanguage.Bert;
using Realign.VisionLanguage.Generation;
using TorchSharp.Modules;
using static TorchSharp.torch;
using Embedding = Realign.Torch.Layers.Embedding;
using LayerNorm = Realign.Torch.Layers.LayerNorm;
using Linear = Realign.Torch.Layers.Linear;

namespace Realign.VisionLanguage.Opt;

/// <summary>Key level <c>model.</c> of the published names.</summary>
internal sealed class OPTModel : nn.Module<Tensor, Tensor, Tensor>
{
    public readonly OPTDecoder decoder;

    public OPTModel(OPTConfig config)
        : base(nameof(OPTModel))
    {
        decoder = new OPTDecoder(config);
        RegisterComponents();
    }

    public override Tensor forward(Tensor input, Tensor attentionMask) => decoder.forward(decoder.embed_tokens.forward(input), attentionMask);
}

internal sealed class OPTDecoder : nn.Module<Tensor, Tensor, Tensor>
{
    // the first two rows of the table are never read: positions of the published models start at 2
    private const long PositionOffset = 2;

    public readonly Embedding embed_tokens;
    private readonly Embedding embed_positions;
    private readonly Linear? project_in;
    private readonly Linear? project_out;
    private readonly ModuleList<OPTDecoderLayer> layers = [];
    private readonly LayerNorm? final_layer_norm;

    public OPTDecoder(OPTConfig config)
        : base(nameof(OPTDecoder))
    {
        embed_tokens = new Embedding(config.VocabSize, config.WordEmbedProjDim);
        embed_positions = new Embedding(config.MaxPositionEmbeddings + PositionOffset, config.HiddenSize);
        if (config.WordEmbedProjDim != config.HiddenSize)
        {
            project_in = new Linear(config.WordEmbedProjDim, config.HiddenSize, hasBias: false);
            project_out = new Linear(config.HiddenSize, config.WordEmbedProjDim, hasBias: false);
        }

        for (var i = 0; i < config.NumHiddenLayers; i++)
            layers.Add(new OPTDecoderLayer(config));
        if (config.HasFinalLayerNorm)
            final_layer_norm = new LayerNorm(config.HiddenSize, 1e-5);
        RegisterComponents();
    }

    public override Tensor forward(Tensor inputsEmbeds, Tensor attentionMask) => forward(inputsEmbeds, attentionMask, null);

    /// <summary>(B, T, E), (B, T) of 1 = read, 0 = padding on either side -> (B, T, E)</summary>
    public Tensor forward(Tensor inputsEmbeds, Tensor attentionMask, Action<string, Tensor>? trace)
    {
        using var scope = NewDisposeScope();
        // the n-th token that is read has position n, wherever the padding is
        var positions = attentionMask.cumsum(1).mul(attentionMask).add(Scalars.Of(PositionOffset - 1));
        return Run(inputsEmbeds, positions, AttentionMasks.Causal(attentionMask, inputsEmbeds.dtype), null, trace).MoveToOuterDisposeScope();
    }

    /// <summary>The newest tokens, (B, n, E) without padding, after everything in the cache.</summary>
    public Tensor forward(Tensor inputsEmbeds, KeyValueCache cache)
    {
        using var scope = NewDisposeScope();
        var (past, added) = (cache.Length, inputsEmbeds.shape[1]);
        if (past > 0 && added > 1)
            throw new ArgumentException("after the prompt one token is read at a time", nameof(inputsEmbeds));
        var positions = arange(Scalars.Of(past + PositionOffset), Scalars.Of(past + PositionOffset + added), device: inputsEmbeds.device).unsqueeze(0);
        var mask = added > 1 ? Attention.CausalMask(added, inputsEmbeds.dtype, inputsEmbeds.device) : null;
        return Run(inputsEmbeds, positions, mask, cache, null).MoveToOuterDisposeScope();
    }

    private Tensor Run(Tensor inputsEmbeds, Tensor positions, Tensor? mask, KeyValueCache? cache, Action<string, Tensor>? trace)
    {
        var states = inputsEmbeds;
        if (project_in is not null)
        {
            states = project_in.forward(states);
            trace?.Invoke("project_in", states);
        }

        states = states.add(embed_positions.forward(positions));
        for (var i = 0; i < layers.Count; i++)
        {
            states = layers[i].forward(states, mask, cache, i);
            trace?.Invoke($"layers.{i}", states);
        }

        if (final_layer_norm is not null)
        {
            states = final_layer_norm.forward(states);
            trace?.Invoke("final_layer_norm", states);
        }

        if (project_out is null)
            return states;
        states = project_out.forward(states);
        trace?.Invoke("project_out", states);
        return states;
    }
}
