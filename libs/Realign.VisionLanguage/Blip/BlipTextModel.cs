// Text model of BLIP (Li et al. 2022): BERT with cross-attention in every block. Reference: transformers modeling_blip_text.py.
using Realign.Torch.Layers;
using Realign.VisionLanguage.Bert;
using Realign.VisionLanguage.Generation;
using TorchSharp.Modules;
using static TorchSharp.torch;
using Embedding = Realign.Torch.Layers.Embedding;
using LayerNorm = Realign.Torch.Layers.LayerNorm;

namespace Realign.VisionLanguage.Blip;

/// <summary>Reads a text, alone or together with an image, from both sides (encoder) or from the left (decoder).</summary>
internal sealed class BlipTextModel : nn.Module<Tensor, Tensor>
{
    private readonly BlipTextConfig _config;
    private readonly BlipTextEmbeddings embeddings;
    private readonly BlipTextEncoder encoder;

    /// <summary>A model without weights.</summary>
    public BlipTextModel(BlipTextConfig config)
        : base(nameof(BlipTextModel))
    {
        _config = config;
        embeddings = new BlipTextEmbeddings(config);
        encoder = new BlipTextEncoder(config);
        RegisterComponents();
    }

    /// <summary>Table of the token embeddings, (V, C).</summary>
    public Tensor EmbeddingTable => embeddings.word_embeddings.weight;

    /// <summary>Rows of the token table: int64 (B, T) -> (B, T, C).</summary>
    public override Tensor forward(Tensor input) => embeddings.word_embeddings.forward(input);

    /// <summary>Texts read from both sides.</summary>
    /// <param name="texts">Ids and mask (B, T).</param>
    /// <param name="image">(B, P, E) image vectors; null = the text alone.</param>
    /// <returns>(B, T, C)</returns>
    /// <exception cref="Core.Errors.InvalidInputException">An id or the length is outside the tables.</exception>
    public Tensor Encode(TokenBatch texts, Tensor? image)
    {
        using var scope = NewDisposeScope();
        TokenIds.Check(texts, _config.VocabSize, _config.MaxPositionEmbeddings);
        return EncodeEmbeddings(forward(texts.Ids), texts.Mask, image).MoveToOuterDisposeScope();
    }

    /// <summary>The same for rows of the token table, or mixtures of them: (B, T, C) and mask (B, T) -> (B, T, C).</summary>
    public Tensor EncodeEmbeddings(Tensor embeds, Tensor mask, Tensor? image)
    {
        using var scope = NewDisposeScope();
        TokenIds.CheckRoom((int)embeds.shape[1], _config.MaxPositionEmbeddings);
        return encoder.forward(embeddings.Place(embeds, 0), AttentionMasks.FromPadding(mask, embeds.dtype), image, null, null).MoveToOuterDisposeScope();
    }

    /// <summary>Texts read from the left: ids and mask (B, T), image (B, P, E) -> (B, T, C).</summary>
    /// <exception cref="Core.Errors.InvalidInputException">An id or the length is outside the tables.</exception>
    public Tensor Decode(TokenBatch texts, Tensor image, Action<string, Tensor>? trace)
    {
        using var scope = NewDisposeScope();
        TokenIds.Check(texts, _config.VocabSize, _config.MaxPositionEmbeddings);
        var states = embeddings.Place(forward(texts.Ids), 0);
        trace?.Invoke("embeddings", states);
        return encoder.forward(states, AttentionMasks.Causal(texts.Mask, states.dtype), image, null, trace).MoveToOuterDisposeScope();
    }

    /// <summary>The newest tokens, int64 (B, n) without padding, after everything in the cache.</summary>
    internal Tensor Decode(Tensor ids, Tensor image, KeyValueCache cache)
    {
        using var scope = NewDisposeScope();
        var states = embeddings.Place(forward(ids), cache.Length);
        var mask = ids.shape[1] > 1 ? Attention.CausalMask(ids.shape[1], states.dtype, states.device) : null;
        return encoder.forward(states, mask, image, cache, null).MoveToOuterDisposeScope();
    }
}

internal sealed class BlipTextEmbeddings : nn.Module
{
    internal readonly Embedding word_embeddings;
    private readonly Embedding position_embeddings;
    private readonly LayerNorm LayerNorm;

    public BlipTextEmbeddings(BlipTextConfig config)
        : base(nameof(BlipTextEmbeddings))
    {
        word_embeddings = new Embedding(config.VocabSize, config.HiddenSize);
        position_embeddings = new Embedding(config.MaxPositionEmbeddings, config.HiddenSize);
        LayerNorm = new LayerNorm(config.HiddenSize, config.LayerNormEps);
        RegisterComponents();
    }

    /// <summary>Adds positions from <paramref name="first"/> on.</summary>
    public Tensor Place(Tensor embeds, long first)
    {
        using var scope = NewDisposeScope();
        return LayerNorm.forward(embeds.add(position_embeddings.weight.narrow(0, first, embeds.shape[1]))).MoveToOuterDisposeScope();
    }
}

internal sealed class BlipTextEncoder : nn.Module
{
    private readonly ModuleList<BlipTextLayer> layer = [];

    public BlipTextEncoder(BlipTextConfig config)
        : base(nameof(BlipTextEncoder))
    {
        for (var i = 0; i < config.NumHiddenLayers; i++)
            layer.Add(new BlipTextLayer(config));
        RegisterComponents();
    }

    public Tensor forward(Tensor input, Tensor? mask, Tensor? image, KeyValueCache? cache, Action<string, Tensor>? trace)
    {
        using var scope = NewDisposeScope();
        var states = input;
        for (var i = 0; i < layer.Count; i++)
        {
            states = layer[i].forward(states, mask, image, cache, i);
            trace?.Invoke($"encoder.layer.{i}", states);
        }

        return states.MoveToOuterDisposeScope();
    }
}

internal sealed class BlipTextLayer : nn.Module
{
    private readonly BlipTextAttention attention;
    private readonly BlipTextAttention crossattention;
    private readonly BertIntermediate intermediate;
    private readonly BertSelfOutput output;

    public BlipTextLayer(BlipTextConfig config)
        : base(nameof(BlipTextLayer))
    {
        attention = new BlipTextAttention(config, config.HiddenSize);
        crossattention = new BlipTextAttention(config, config.EncoderHiddenSize);
        intermediate = new BertIntermediate(config.HiddenSize, config.IntermediateSize);
        output = new BertSelfOutput(config.IntermediateSize, config.HiddenSize, config.LayerNormEps);
        RegisterComponents();
    }

    public Tensor forward(Tensor input, Tensor? mask, Tensor? image, KeyValueCache? cache, int index)
    {
        using var scope = NewDisposeScope();
        var states = attention.forward(input, mask, cache, index);
        if (image is not null)
            states = crossattention.forwardCross(states, image, cache, index);
        return output.forward(intermediate.forward(states), states).MoveToOuterDisposeScope();
    }
}

internal sealed class BlipTextAttention : nn.Module
{
    private readonly BertSelfAttention self;
    private readonly BertSelfOutput output;

    public BlipTextAttention(BlipTextConfig config, long keyValueSize)
        : base(nameof(BlipTextAttention))
    {
        self = new BertSelfAttention(config.HiddenSize, config.NumAttentionHeads, keyValueSize);
        output = new BertSelfOutput(config.HiddenSize, config.HiddenSize, config.LayerNormEps);
        RegisterComponents();
    }

    public Tensor forward(Tensor input, Tensor? mask, KeyValueCache? cache, int index)
    {
        using var scope = NewDisposeScope();
        var context = cache is null ? self.forward(input, input, mask) : self.forward(input, mask, cache, index);
        return output.forward(context, input).MoveToOuterDisposeScope();
    }

    public Tensor forwardCross(Tensor input, Tensor image, KeyValueCache? cache, int index)
    {
        using var scope = NewDisposeScope();
        var context = cache is null ? self.forward(input, image, null) : self.forwardCross(input, image, cache, index);
        return output.forward(context, input).MoveToOuterDisposeScope();
    }
}
