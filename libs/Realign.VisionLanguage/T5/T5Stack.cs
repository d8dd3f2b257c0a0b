// Encoder and decoder of T5 (Raffel et al. 2020). Reference: transformers modeling_t5.py.
using Realign.Torch;
using Realign.Torch.Weights;
using Realign.VisionLanguage.Bert;
using Realign.VisionLanguage.Generation;
using TorchSharp.Modules;
using static TorchSharp.torch;
using Embedding = Realign.Torch.Layers.Embedding;
using F = TorchSharp.torch.nn.functional;
using Linear = Realign.Torch.Layers.Linear;

namespace Realign.VisionLanguage.T5;

internal sealed class T5Stack : nn.Module
{
    private readonly bool _isDecoder;
    public readonly Embedding embed_tokens;
    private readonly ModuleList<T5Block> block = [];
    private readonly T5LayerNorm final_layer_norm;

    public T5Stack(T5Config config, bool isDecoder)
        : base(nameof(T5Stack))
    {
        _isDecoder = isDecoder;
        embed_tokens = new Embedding(config.VocabSize, config.DModel);
        for (var i = 0; i < (isDecoder ? config.NumDecoderLayers : config.NumLayers); i++)
            block.Add(new T5Block(config, isDecoder, hasBias: i == 0));
        final_layer_norm = new T5LayerNorm(config.DModel, config.LayerNormEpsilon);
        RegisterComponents();
    }

    /// <summary>Learned bias of a whole sequence, (1, H, T, T).</summary>
    public Tensor PositionBias(long length, Device device) => block[0].SelfAttention.PositionBias(0, length, length, device);

    /// <summary>A whole sequence: (B, T, C) embeddings, (B, T) mask; a decoder also reads (B, S, C) with its (B, S) mask.</summary>
    public Tensor forward(Tensor inputsEmbeds, Tensor attentionMask, Tensor? source, Tensor? sourceMask, Action<string, Tensor>? trace)
    {
        using var scope = NewDisposeScope();
        var mask = _isDecoder ? AttentionMasks.Causal(attentionMask, inputsEmbeds.dtype) : AttentionMasks.FromPadding(attentionMask, inputsEmbeds.dtype);
        var bias = PositionBias(inputsEmbeds.shape[1], inputsEmbeds.device).add(mask);
        var crossMask = sourceMask is null ? null : AttentionMasks.FromPadding(sourceMask, inputsEmbeds.dtype);
        var states = inputsEmbeds;
        for (var i = 0; i < block.Count; i++)
        {
            states = block[i].forward(states, bias, source, crossMask);
            trace?.Invoke($"block.{i}", states);
        }

        states = final_layer_norm.forward(states);
        trace?.Invoke("final_layer_norm", states);
        return states.MoveToOuterDisposeScope();
    }

    /// <summary>One more token per row, (B, 1, C), after everything in the cache.</summary>
    public Tensor forward(Tensor inputsEmbeds, Tensor source, KeyValueCache cache)
    {
        using var scope = NewDisposeScope();
        var past = cache.Length;
        var bias = block[0].SelfAttention.PositionBias(past, 1, past + 1, inputsEmbeds.device);
        var states = inputsEmbeds;
        for (var i = 0; i < block.Count; i++)
            states = block[i].forward(states, bias, source, cache, i);
        return final_layer_norm.forward(states).MoveToOuterDisposeScope();
    }
}

/// <summary>Self-attention, cross-attention in a decoder, feed-forward; each pre-norm with a residual.</summary>
internal sealed class T5Block : nn.Module
{
    private readonly ModuleList<nn.Module> layer = [];
    private readonly bool _isDecoder;

    public T5Block(T5Config config, bool isDecoder, bool hasBias)
        : base(nameof(T5Block))
    {
        _isDecoder = isDecoder;
        layer.Add(new T5LayerSelfAttention(config, isDecoder, hasBias));
        if (isDecoder)
            layer.Add(new T5LayerCrossAttention(config));
        layer.Add(new T5LayerFF(config));
        RegisterComponents();
    }

    public T5Attention SelfAttention => ((T5LayerSelfAttention)layer[0]).SelfAttention;

    public Tensor forward(Tensor input, Tensor bias, Tensor? source, Tensor? crossMask)
    {
        using var scope = NewDisposeScope();
        var states = ((T5LayerSelfAttention)layer[0]).forward(input, bias);
        if (_isDecoder && source is not null)
            states = ((T5LayerCrossAttention)layer[1]).forward(states, source, crossMask);
        return ((T5LayerFF)layer[^1]).forward(states).MoveToOuterDisposeScope();
    }

    public Tensor forward(Tensor input, Tensor bias, Tensor source, KeyValueCache cache, int index)
    {
        using var scope = NewDisposeScope();
        var states = ((T5LayerSelfAttention)layer[0]).forward(input, bias, cache, index);
        states = ((T5LayerCrossAttention)layer[1]).forward(states, source, cache, index);
        return ((T5LayerFF)layer[^1]).forward(states).MoveToOuterDisposeScope();
    }
}

internal sealed class T5LayerSelfAttention : nn.Module
{
    public readonly T5Attention SelfAttention;
    private readonly T5LayerNorm layer_norm;

    public T5LayerSelfAttention(T5Config config, bool isDecoder, bool hasBias)
        : base(nameof(T5LayerSelfAttention))
    {
        SelfAttention = new T5Attention(config, bidirectional: !isDecoder, hasBias);
        layer_norm = new T5LayerNorm(config.DModel, config.LayerNormEpsilon);
        RegisterComponents();
    }

    public Tensor forward(Tensor input, Tensor bias)
    {
        using var scope = NewDisposeScope();
        var normed = layer_norm.forward(input);
        return input.add(SelfAttention.forward(normed, normed, bias)).MoveToOuterDisposeScope();
    }

    public Tensor forward(Tensor input, Tensor bias, KeyValueCache cache, int index)
    {
        using var scope = NewDisposeScope();
        return input.add(SelfAttention.forward(layer_norm.forward(input), bias, cache, index)).MoveToOuterDisposeScope();
    }
}

internal sealed class T5LayerCrossAttention : nn.Module
{
    private readonly T5Attention EncDecAttention;
    private readonly T5LayerNorm layer_norm;

    public T5LayerCrossAttention(T5Config config)
        : base(nameof(T5LayerCrossAttention))
    {
        EncDecAttention = new T5Attention(config, bidirectional: true, hasBias: false);
        layer_norm = new T5LayerNorm(config.DModel, config.LayerNormEpsilon);
        RegisterComponents();
    }

    public Tensor forward(Tensor input, Tensor source, Tensor? mask)
    {
        using var scope = NewDisposeScope();
        return input.add(EncDecAttention.forward(layer_norm.forward(input), source, mask)).MoveToOuterDisposeScope();
    }

    public Tensor forward(Tensor input, Tensor source, KeyValueCache cache, int index)
    {
        using var scope = NewDisposeScope();
        return input.add(EncDecAttention.forwardCross(layer_norm.forward(input), source, cache, index)).MoveToOuterDisposeScope();
    }
}

internal sealed class T5LayerFF : nn.Module<Tensor, Tensor>
{
    private readonly T5DenseActDense DenseReluDense;
    private readonly T5LayerNorm layer_norm;

    public T5LayerFF(T5Config config)
        : base(nameof(T5LayerFF))
    {
        DenseReluDense = new T5DenseActDense(config);
        layer_norm = new T5LayerNorm(config.DModel, config.LayerNormEpsilon);
        RegisterComponents();
    }

    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        return input.add(DenseReluDense.forward(layer_norm.forward(input))).MoveToOuterDisposeScope();
    }
}

/// <summary>Plain (<c>wi</c>) or gated (<c>wi_0</c>, <c>wi_1</c>) feed-forward.</summary>
internal sealed class T5DenseActDense : nn.Module<Tensor, Tensor>
{
    private readonly string _activation;
    private readonly Linear? wi;
    private readonly Linear? wi_0;
    private readonly Linear? wi_1;
    private readonly Linear wo;

    public T5DenseActDense(T5Config config)
        : base(nameof(T5DenseActDense))
    {
        _activation = config.DenseActFn;
        if (config.IsGatedAct)
        {
            wi_0 = new Linear(config.DModel, config.DFf, hasBias: false);
            wi_1 = new Linear(config.DModel, config.DFf, hasBias: false);
        }
        else
        {
            wi = new Linear(config.DModel, config.DFf, hasBias: false);
        }

        wo = new Linear(config.DFf, config.DModel, hasBias: false);
        RegisterComponents();
    }

    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        var states = Activate((wi ?? wi_0)!.forward(input));
        if (wi_1 is not null)
            states = states.mul(wi_1.forward(input));
        return wo.forward(states).MoveToOuterDisposeScope();
    }

    private Tensor Activate(Tensor states) => _activation switch
    {
        "relu" => F.relu(states),
        "gelu" => F.gelu(states),
        _ => states.gelu(GELU.Approximate.tanh),
    };
}

/// <summary>Root mean square norm: no mean, no bias; computed in float32.</summary>
internal sealed class T5LayerNorm : nn.Module<Tensor, Tensor>, IParameterOwner
{
    private readonly double _eps;
    private Parameter weight;

    public T5LayerNorm(long size, double eps)
        : base(nameof(T5LayerNorm))
    {
        _eps = eps;
        weight = new Parameter(empty(size, device: META), requires_grad: false);
        RegisterComponents();
    }

    void IParameterOwner.Place(string name, Parameter parameter)
    {
        weight = parameter;
        ConditionallyRegisterParameter(name, parameter);
    }

    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        var wide = input.to(ScalarType.Float32);
        var scaled = wide.mul(wide.square().mean([-1], keepdim: true).add(Scalars.Of(_eps)).rsqrt());
        return scaled.to(input.dtype).mul(weight).MoveToOuterDisposeScope();
    }
}
