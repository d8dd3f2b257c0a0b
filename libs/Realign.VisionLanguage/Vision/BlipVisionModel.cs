// Vision tower of BLIP (Li et al. 2022) and BLIP-2 (Li et al. 2023): a pre-norm ViT with a fused qkv projection.
// Reference: transformers modeling_blip.py and modeling_blip_2.py (the two towers have the same keys).
using Realign.Torch.Layers;
using Realign.Torch.Weights;
using TorchSharp.Modules;
using static TorchSharp.torch;
using Conv2d = Realign.Torch.Layers.Conv2d;
using F = TorchSharp.torch.nn.functional;
using LayerNorm = Realign.Torch.Layers.LayerNorm;
using Linear = Realign.Torch.Layers.Linear;

namespace Realign.VisionLanguage.Vision;

/// <summary>Turns pixels into one vector per patch. Keys are those of <c>vision_model</c>.</summary>
internal sealed class BlipVisionModel : nn.Module<Tensor, Tensor>
{
    private readonly BlipVisionEmbeddings embeddings;
    private readonly BlipEncoder encoder;
    private readonly LayerNorm post_layernorm;

    /// <summary>A tower without weights.</summary>
    public BlipVisionModel(BlipVisionConfig config)
        : base(nameof(BlipVisionModel))
    {
        embeddings = new BlipVisionEmbeddings(config);
        encoder = new BlipEncoder(config);
        post_layernorm = new LayerNorm(config.HiddenSize, config.LayerNormEps);
        RegisterComponents();
    }

    /// <summary>(B, 3, S, S) normalized pixels -> (B, 1 + patches, C)</summary>
    public override Tensor forward(Tensor input) => forward(input, null);

    /// <summary>The same; <paramref name="trace"/> sees the output of every part under its module name.</summary>
    public Tensor forward(Tensor input, Action<string, Tensor>? trace)
    {
        using var scope = NewDisposeScope();
        var states = embeddings.forward(input);
        trace?.Invoke("embeddings", states);
        return post_layernorm.forward(encoder.forward(states, trace)).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// Pooled output of the class token, (B, T, C) -> (B, C). The published code normalizes it a second time, and so do we.
    /// </summary>
    public Tensor Pool(Tensor lastHiddenState)
    {
        using var scope = NewDisposeScope();
        return post_layernorm.forward(lastHiddenState.select(1, 0)).MoveToOuterDisposeScope();
    }
}

internal sealed class BlipVisionEmbeddings : nn.Module<Tensor, Tensor>, IParameterOwner
{
    private Parameter class_embedding;
    private Parameter position_embedding;
    private readonly Conv2d patch_embedding;

    public BlipVisionEmbeddings(BlipVisionConfig config)
        : base(nameof(BlipVisionEmbeddings))
    {
        class_embedding = new Parameter(empty(1, 1, config.HiddenSize, device: META), requires_grad: false);
        position_embedding = new Parameter(empty(1, config.NumPositions, config.HiddenSize, device: META), requires_grad: false);
        patch_embedding = new Conv2d(3, config.HiddenSize, config.PatchSize, stride: config.PatchSize);
        RegisterComponents();
    }

    void IParameterOwner.Place(string name, Parameter parameter)
    {
        if (name == nameof(class_embedding))
            class_embedding = parameter;
        else
            position_embedding = parameter;
        ConditionallyRegisterParameter(name, parameter);
    }

    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        var patches = patch_embedding.forward(input).flatten(2).transpose(1, 2); // (B, C, h, w) -> (B, h*w, C)
        var classes = class_embedding.expand(input.shape[0], 1, -1);
        return cat([classes, patches], 1).add(position_embedding).MoveToOuterDisposeScope();
    }
}

internal sealed class BlipEncoder : nn.Module<Tensor, Tensor>
{
    private readonly ModuleList<BlipEncoderLayer> layers = [];

    public BlipEncoder(BlipVisionConfig config)
        : base(nameof(BlipEncoder))
    {
        for (var i = 0; i < config.NumHiddenLayers; i++)
            layers.Add(new BlipEncoderLayer(config));
        RegisterComponents();
    }

    public override Tensor forward(Tensor input) => forward(input, null);

    public Tensor forward(Tensor input, Action<string, Tensor>? trace)
    {
        using var scope = NewDisposeScope();
        var states = input;
        for (var i = 0; i < layers.Count; i++)
        {
            states = layers[i].forward(states);
            trace?.Invoke($"encoder.layers.{i}", states);
        }

        return states.MoveToOuterDisposeScope();
    }
}

internal sealed class BlipEncoderLayer : nn.Module<Tensor, Tensor>
{
    private readonly BlipAttention self_attn;
    private readonly LayerNorm layer_norm1;
    private readonly BlipMLP mlp;
    private readonly LayerNorm layer_norm2;

    public BlipEncoderLayer(BlipVisionConfig config)
        : base(nameof(BlipEncoderLayer))
    {
        self_attn = new BlipAttention(config);
        layer_norm1 = new LayerNorm(config.HiddenSize, config.LayerNormEps);
        mlp = new BlipMLP(config);
        layer_norm2 = new LayerNorm(config.HiddenSize, config.LayerNormEps);
        RegisterComponents();
    }

    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        var states = input.add(self_attn.forward(layer_norm1.forward(input)));
        return states.add(mlp.forward(layer_norm2.forward(states))).MoveToOuterDisposeScope();
    }
}

internal sealed class BlipAttention : nn.Module<Tensor, Tensor>
{
    private readonly long _heads;
    private readonly Linear qkv;
    private readonly Linear projection;

    public BlipAttention(BlipVisionConfig config)
        : base(nameof(BlipAttention))
    {
        _heads = config.NumAttentionHeads;
        qkv = new Linear(config.HiddenSize, 3L * config.HiddenSize, config.QkvBias);
        projection = new Linear(config.HiddenSize, config.HiddenSize);
        RegisterComponents();
    }

    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        var (batch, tokens, width) = (input.shape[0], input.shape[1], input.shape[2]);
        var mixed = qkv.forward(input).view(batch, tokens, 3, _heads, width / _heads).permute(2, 0, 3, 1, 4); // (B, T, 3C) -> (3, B, H, T, D)
        var context = Attention.ScaledDotProduct(mixed.select(0, 0), mixed.select(0, 1), mixed.select(0, 2));
        return projection.forward(Attention.MergeHeads(context)).MoveToOuterDisposeScope();
    }
}

internal sealed class BlipMLP : nn.Module<Tensor, Tensor>
{
    private readonly Linear fc1;
    private readonly Linear fc2;

    public BlipMLP(BlipVisionConfig config)
        : base(nameof(BlipMLP))
    {
        fc1 = new Linear(config.HiddenSize, config.IntermediateSize);
        fc2 = new Linear(config.IntermediateSize, config.HiddenSize);
        RegisterComponents();
    }

    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        return fc2.forward(F.gelu(fc1.forward(input))).MoveToOuterDisposeScope();
    }
}
