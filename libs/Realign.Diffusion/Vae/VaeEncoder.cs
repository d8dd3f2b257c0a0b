using Realign.Diffusion.Layers;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Realign.Diffusion.Vae;

/// <summary>Image -> moments, halving the sides at every level but the last.</summary>
internal sealed class VaeEncoder : nn.Module
{
    private const string Path = "encoder";
    public readonly Conv2d conv_in;
    public readonly ModuleList<DownEncoderBlock2D> down_blocks;
    public readonly VaeMidBlock mid_block;
    public readonly GroupNorm conv_norm_out;
    public readonly Conv2d conv_out;

    public VaeEncoder(AutoencoderKLConfig config)
        : base(nameof(VaeEncoder))
    {
        var widths = config.BlockOutChannels;
        conv_in = new Conv2d(config.InChannels, widths[0], 3, padding: 1);
        down_blocks = new ModuleList<DownEncoderBlock2D>(
            [.. widths.Select((width, i) => new DownEncoderBlock2D(widths[Math.Max(i - 1, 0)], width, i < widths.Count - 1, config))]);
        mid_block = new VaeMidBlock(widths[^1], config);
        conv_norm_out = new GroupNorm(config.NormNumGroups, widths[^1], VaeParts.NormEps);
        conv_out = new Conv2d(widths[^1], 2 * config.LatentChannels, 3, padding: 1);
        RegisterComponents();
    }

    public Tensor forward(Tensor image, Action<string, Tensor>? observer, CancellationToken cancellation)
    {
        using var scope = NewDisposeScope();
        var hidden = conv_in.forward(image, cancellation);
        observer?.Invoke($"{Path}.conv_in", hidden);
        for (var i = 0; i < down_blocks.Count; i++)
        {
            using var previous = hidden;
            hidden = down_blocks[i].forward(hidden, cancellation);
            observer?.Invoke($"{Path}.down_blocks.{i}", hidden);
        }

        hidden = mid_block.forward(hidden, $"{Path}.mid_block", observer, cancellation);
        observer?.Invoke($"{Path}.mid_block", hidden);
        hidden = ResnetBlock2D.NormActConv(conv_norm_out, conv_out, hidden, cancellation);
        observer?.Invoke(Path, hidden);
        return hidden.MoveToOuterDisposeScope();
    }
}

internal sealed class DownEncoderBlock2D : nn.Module
{
    public readonly ModuleList<ResnetBlock2D> resnets;
    public readonly ModuleList<Downsample2D>? downsamplers;

    public DownEncoderBlock2D(int input, int output, bool downsamples, AutoencoderKLConfig config)
        : base(nameof(DownEncoderBlock2D))
    {
        resnets = VaeParts.Resnets(input, output, config.LayersPerBlock, config);
        if (downsamples)
            downsamplers = new ModuleList<Downsample2D>(new Downsample2D(output, padding: 0));
        RegisterComponents();
    }

    public Tensor forward(Tensor input, CancellationToken cancellation)
    {
        using var scope = NewDisposeScope();
        var hidden = input.alias();
        foreach (var resnet in resnets)
        {
            using var previous = hidden;
            hidden = resnet.forward(hidden, null, cancellation);
        }

        return (downsamplers is null ? hidden : downsamplers[0].forward(hidden, cancellation)).MoveToOuterDisposeScope();
    }
}
