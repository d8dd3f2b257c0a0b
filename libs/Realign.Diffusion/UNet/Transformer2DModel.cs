using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace Realign.Diffusion.UNet;

/// <summary>Sizes of the transformer at one attention layer.</summary>
internal sealed record TransformerShape(
    int Channels, int Context, int Heads, int Layers, bool LinearProjection, bool UpcastAttention, int Groups);

/// <summary>Pixels as tokens: norm, projection, transformer blocks, projection, residual.</summary>
internal sealed class Transformer2DModel : nn.Module
{
    // not the config's norm_eps: the published class fixes this one
    private const double NormEps = 1e-6;
    private readonly string _path;
    private readonly bool _isLinear;
    public readonly GroupNorm norm;
    public readonly nn.Module<Tensor, Tensor> proj_in;
    public readonly ModuleList<BasicTransformerBlock> transformer_blocks;
    public readonly nn.Module<Tensor, Tensor> proj_out;

    public Transformer2DModel(string path, TransformerShape shape)
        : base(nameof(Transformer2DModel))
    {
        _path = path;
        _isLinear = shape.LinearProjection;
        norm = new GroupNorm(shape.Groups, shape.Channels, NormEps);
        proj_in = Projection(shape);
        transformer_blocks = new ModuleList<BasicTransformerBlock>(
            [.. Enumerable.Range(0, shape.Layers).Select(i => new BasicTransformerBlock($"{path}.transformer_blocks.{i}", shape))]);
        proj_out = Projection(shape);
        RegisterComponents();
    }

    /// <summary>(B, C, H, W) -> the same shape</summary>
    public Tensor forward(Tensor input, UNetPass pass)
    {
        using var scope = NewDisposeScope();
        var (batch, channels, height, width) = (input.shape[0], input.shape[1], input.shape[2], input.shape[3]);
        var hidden = norm.forward(input);
        if (!_isLinear)
            hidden = proj_in.forward(hidden);
        hidden = hidden.flatten(2).transpose(1, 2);
        if (_isLinear)
            hidden = proj_in.forward(hidden);
        foreach (var block in transformer_blocks)
            hidden = block.forward(hidden, pass, (int)height, (int)width);
        if (_isLinear)
            hidden = proj_out.forward(hidden);
        hidden = hidden.transpose(1, 2).reshape(batch, channels, height, width);
        if (!_isLinear)
            hidden = proj_out.forward(hidden);
        return pass.Show(_path, input.add(hidden)).MoveToOuterDisposeScope();
    }

    private static nn.Module<Tensor, Tensor> Projection(TransformerShape shape) => shape.LinearProjection
        ? new Linear(shape.Channels, shape.Channels)
        : new Conv2d(shape.Channels, shape.Channels, 1);
}

/// <summary>Self-attention, cross-attention and feed-forward, each on a layer norm and with a residual.</summary>
internal sealed class BasicTransformerBlock : nn.Module
{
    private const double NormEps = 1e-5;
    private readonly string _path;
    public readonly LayerNorm norm1;
    public readonly CrossAttention attn1;
    public readonly LayerNorm norm2;
    public readonly CrossAttention attn2;
    public readonly LayerNorm norm3;
    public readonly FeedForward ff;

    public BasicTransformerBlock(string path, TransformerShape shape)
        : base(nameof(BasicTransformerBlock))
    {
        _path = path;
        norm1 = new LayerNorm(shape.Channels, NormEps);
        attn1 = new CrossAttention($"{path}.attn1", shape.Channels, null, shape.Heads, shape.UpcastAttention);
        norm2 = new LayerNorm(shape.Channels, NormEps);
        attn2 = new CrossAttention($"{path}.attn2", shape.Channels, shape.Context, shape.Heads, shape.UpcastAttention);
        norm3 = new LayerNorm(shape.Channels, NormEps);
        ff = new FeedForward($"{path}.ff", shape.Channels);
        RegisterComponents();
    }

    public Tensor forward(Tensor hidden, UNetPass pass, int height, int width)
    {
        using var scope = NewDisposeScope();
        hidden = hidden.add(attn1.forward(pass.Show($"{_path}.norm1", norm1.forward(hidden)), pass, height, width));
        hidden = hidden.add(attn2.forward(pass.Show($"{_path}.norm2", norm2.forward(hidden)), pass, height, width));
        hidden = hidden.add(ff.forward(pass.Show($"{_path}.norm3", norm3.forward(hidden)), pass));
        return pass.Show(_path, hidden).MoveToOuterDisposeScope();
    }
}

/// <summary>Gated GELU (Shazeer 2020) and a linear layer. Keys: <c>net.0.proj</c>, <c>net.2</c>; <c>net.1</c> is the published dropout.</summary>
internal sealed class FeedForward : nn.Module
{
    private readonly string _path;
    public readonly FeedForwardNet net;

    public FeedForward(string path, int channels)
        : base(nameof(FeedForward))
    {
        _path = path;
        net = new FeedForwardNet(channels);
        RegisterComponents();
    }

    public Tensor forward(Tensor hidden, UNetPass pass)
    {
        using var scope = NewDisposeScope();
        var gated = pass.Show($"{_path}.net.0", net.geglu.forward(hidden));
        return pass.Show(_path, net.output.forward(gated)).MoveToOuterDisposeScope();
    }
}

internal sealed class FeedForwardNet : nn.Module
{
    private const int Expansion = 4;

    [ComponentName(Name = "0")]
    public readonly GEGLU geglu;

    [ComponentName(Name = "2")]
    public readonly Linear output;

    public FeedForwardNet(int channels)
        : base(nameof(FeedForwardNet))
    {
        geglu = new GEGLU(channels, channels * Expansion);
        output = new Linear(channels * Expansion, channels);
        RegisterComponents();
    }
}

internal sealed class GEGLU : nn.Module
{
    public readonly Linear proj;

    public GEGLU(int inFeatures, int outFeatures)
        : base(nameof(GEGLU))
    {
        proj = new Linear(inFeatures, outFeatures * 2);
        RegisterComponents();
    }

    public Tensor forward(Tensor hidden)
    {
        using var scope = NewDisposeScope();
        var halves = proj.forward(hidden).chunk(2, -1);
        return halves[0].mul(F.gelu(halves[1])).MoveToOuterDisposeScope();
    }
}
