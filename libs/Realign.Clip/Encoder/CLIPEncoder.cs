using Realign.Torch.Layers;
using Realign.Torch;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace Realign.Clip.Encoder;

/// <summary>Sizes that the encoders of both CLIP towers share.</summary>
internal sealed record CLIPEncoderShape(int Layers, int Width, int Heads, int Intermediate, string Activation, double LayerNormEps);

/// <summary>The pre-norm transformer of both CLIP towers. Keys: <c>layers.N.*</c>.</summary>
internal sealed class CLIPEncoder : nn.Module
{
    public readonly ModuleList<CLIPEncoderLayer> layers;

    public CLIPEncoder(CLIPEncoderShape shape)
        : base(nameof(CLIPEncoder))
    {
        layers = new ModuleList<CLIPEncoderLayer>([.. Enumerable.Range(0, shape.Layers).Select(_ => new CLIPEncoderLayer(shape))]);
        RegisterComponents();
    }

    /// <summary>(B, T, W) and an additive mask -> the input and the output of every layer, L + 1 tensors in the caller's scope.</summary>
    public List<Tensor> forward(Tensor hidden, Tensor? mask)
    {
        var states = new List<Tensor>(layers.Count + 1) { hidden };
        foreach (var layer in layers)
            states.Add(layer.forward(states[^1], mask));
        return states;
    }
}

internal sealed class CLIPEncoderLayer : nn.Module
{
    public readonly LayerNorm layer_norm1;
    public readonly CLIPAttention self_attn;
    public readonly LayerNorm layer_norm2;
    public readonly CLIPMLP mlp;

    public CLIPEncoderLayer(CLIPEncoderShape shape)
        : base(nameof(CLIPEncoderLayer))
    {
        layer_norm1 = new LayerNorm(shape.Width, shape.LayerNormEps);
        self_attn = new CLIPAttention(shape);
        layer_norm2 = new LayerNorm(shape.Width, shape.LayerNormEps);
        mlp = new CLIPMLP(shape);
        RegisterComponents();
    }

    public Tensor forward(Tensor hidden, Tensor? mask)
    {
        using var scope = NewDisposeScope();
        hidden = hidden.add(self_attn.forward(layer_norm1.forward(hidden), mask));
        return hidden.add(mlp.forward(layer_norm2.forward(hidden))).MoveToOuterDisposeScope();
    }
}

internal sealed class CLIPAttention : nn.Module
{
    private readonly int _heads;
    public readonly Linear q_proj;
    public readonly Linear k_proj;
    public readonly Linear v_proj;
    public readonly Linear out_proj;

    public CLIPAttention(CLIPEncoderShape shape)
        : base(nameof(CLIPAttention))
    {
        _heads = shape.Heads;
        q_proj = new Linear(shape.Width, shape.Width);
        k_proj = new Linear(shape.Width, shape.Width);
        v_proj = new Linear(shape.Width, shape.Width);
        out_proj = new Linear(shape.Width, shape.Width);
        RegisterComponents();
    }

    public Tensor forward(Tensor hidden, Tensor? mask)
    {
        var query = Attention.SplitHeads(q_proj.forward(hidden), _heads);
        var key = Attention.SplitHeads(k_proj.forward(hidden), _heads);
        var value = Attention.SplitHeads(v_proj.forward(hidden), _heads);
        return out_proj.forward(Attention.MergeHeads(Attention.ScaledDotProduct(query, key, value, mask)));
    }
}

internal sealed class CLIPMLP : nn.Module
{
    // the constant of the published quick_gelu: x * sigmoid(1.702 x)
    private static readonly Scalar QuickGeluSlope = Scalars.Of(1.702);
    private readonly bool _quick;
    public readonly Linear fc1;
    public readonly Linear fc2;

    public CLIPMLP(CLIPEncoderShape shape)
        : base(nameof(CLIPMLP))
    {
        _quick = shape.Activation == "quick_gelu";
        fc1 = new Linear(shape.Width, shape.Intermediate);
        fc2 = new Linear(shape.Intermediate, shape.Width);
        RegisterComponents();
    }

    public Tensor forward(Tensor hidden)
    {
        hidden = fc1.forward(hidden);
        return fc2.forward(_quick ? hidden.mul(hidden.mul(QuickGeluSlope).sigmoid()) : F.gelu(hidden));
    }
}
