using Realign.Diffusion.Attention;
using Realign.Diffusion.Layers;
using TorchSharp.Modules;
using static TorchSharp.torch;
using Heads = Realign.Torch.Layers.Attention;

namespace Realign.Diffusion.Vae;

/// <summary>Residual block, attention (optional), residual block.</summary>
internal sealed class VaeMidBlock : nn.Module
{
    public readonly ModuleList<ResnetBlock2D> resnets;
    public readonly ModuleList<VaeAttention>? attentions;

    public VaeMidBlock(int channels, AutoencoderKLConfig config)
        : base(nameof(VaeMidBlock))
    {
        var shape = VaeParts.Resnet(channels, channels, config);
        resnets = new ModuleList<ResnetBlock2D>(new ResnetBlock2D(shape), new ResnetBlock2D(shape));
        if (config.MidBlockAddAttention)
            attentions = new ModuleList<VaeAttention>(new VaeAttention(channels, config.NormNumGroups));
        RegisterComponents();
    }

    public Tensor forward(Tensor hidden, string path, Action<string, Tensor>? observer, CancellationToken cancellation)
    {
        using var scope = NewDisposeScope();
        hidden = resnets[0].forward(hidden, null, cancellation);
        if (attentions is not null)
        {
            hidden = attentions[0].forward(hidden, cancellation);
            observer?.Invoke($"{path}.attentions.0", hidden);
        }

        return resnets[1].forward(hidden, null, cancellation).MoveToOuterDisposeScope();
    }
}

/// <summary>Self-attention over all pixels with one head. Keys: <c>group_norm</c>, <c>to_q/to_k/to_v</c> with bias, <c>to_out.0</c>.</summary>
internal sealed class VaeAttention : nn.Module
{
    public readonly GroupNorm group_norm;
    public readonly Linear to_q;
    public readonly Linear to_k;
    public readonly Linear to_v;
    public readonly ModuleList<Linear> to_out;

    public VaeAttention(int channels, int groups)
        : base(nameof(VaeAttention))
    {
        group_norm = new GroupNorm(groups, channels, VaeParts.NormEps);
        to_q = new Linear(channels, channels);
        to_k = new Linear(channels, channels);
        to_v = new Linear(channels, channels);
        to_out = new ModuleList<Linear>(new Linear(channels, channels));
        RegisterComponents();
    }

    public Tensor forward(Tensor input, CancellationToken cancellation)
    {
        using var scope = NewDisposeScope();
        var tokens = group_norm.forward(input).flatten(2).transpose(1, 2);
        var attended = FusedAttention.Compute(
            Heads.SplitHeads(to_q.forward(tokens), 1), Heads.SplitHeads(to_k.forward(tokens), 1), Heads.SplitHeads(to_v.forward(tokens), 1), null,
                cancellation);
        var output = to_out[0].forward(Heads.MergeHeads(attended)).transpose(1, 2).reshape(input.shape);
        return input.add(output).MoveToOuterDisposeScope();
    }
}

internal static class VaeParts
{
    /// <summary>Of every norm in the autoencoder; not in the config.</summary>
    public const double NormEps = 1e-6;

    public static ResnetShape Resnet(int input, int output, AutoencoderKLConfig config) => new(input, output, 0, config.NormNumGroups, NormEps);

    public static ModuleList<ResnetBlock2D> Resnets(int input, int output, int count, AutoencoderKLConfig config) =>
        new([.. Enumerable.Range(0, count).Select(i => new ResnetBlock2D(Resnet(i == 0 ? input : output, output, config)))]);
}
