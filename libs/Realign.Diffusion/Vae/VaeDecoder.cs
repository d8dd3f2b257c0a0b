using Realign.Diffusion.Layers;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Realign.Diffusion.Vae;

/// <summary>Latents -> image, doubling the sides at every level but the last. Frees each map as soon as the next one is there.</summary>
internal sealed class VaeDecoder : nn.Module
{
    private const string Path = "decoder";
    public readonly Conv2d conv_in;
    public readonly VaeMidBlock mid_block;
    public readonly ModuleList<UpDecoderBlock2D> up_blocks;
    public readonly GroupNorm conv_norm_out;
    public readonly Conv2d conv_out;

    public VaeDecoder(AutoencoderKLConfig config)
        : base(nameof(VaeDecoder))
    {
        var widths = config.BlockOutChannels.Reverse().ToList();
        conv_in = new Conv2d(config.LatentChannels, widths[0], 3, padding: 1);
        mid_block = new VaeMidBlock(widths[0], config);
        up_blocks = new ModuleList<UpDecoderBlock2D>(
            [.. widths.Select((width, i) => new UpDecoderBlock2D(widths[Math.Max(i - 1, 0)], width, i < widths.Count - 1, config))]);
        conv_norm_out = new GroupNorm(config.NormNumGroups, widths[^1], VaeParts.NormEps);
        conv_out = new Conv2d(widths[^1], config.OutChannels, 3, padding: 1);
        RegisterComponents();
    }

    public Tensor forward(Tensor latents, Action<string, Tensor>? observer, CancellationToken cancellation)
    {
        using var scope = NewDisposeScope();
        var hidden = conv_in.forward(latents, cancellation);
        observer?.Invoke($"{Path}.conv_in", hidden);
        hidden = mid_block.forward(hidden, $"{Path}.mid_block", observer, cancellation);
        observer?.Invoke($"{Path}.mid_block", hidden);
        for (var i = 0; i < up_blocks.Count; i++)
        {
            using var previous = hidden;
            hidden = up_blocks[i].forward(hidden, cancellation);
            observer?.Invoke($"{Path}.up_blocks.{i}", hidden);
        }

        cancellation.ThrowIfCancellationRequested();
        return ResnetBlock2D.NormActConv(conv_norm_out, conv_out, hidden, cancellation).MoveToOuterDisposeScope();
    }
}

internal sealed class UpDecoderBlock2D : nn.Module
{
    public readonly ModuleList<ResnetBlock2D> resnets;
    public readonly ModuleList<Upsample2D>? upsamplers;

    public UpDecoderBlock2D(int input, int output, bool upsamples, AutoencoderKLConfig config)
        : base(nameof(UpDecoderBlock2D))
    {
        resnets = VaeParts.Resnets(input, output, config.LayersPerBlock + 1, config);
        if (upsamples)
            upsamplers = new ModuleList<Upsample2D>(new Upsample2D(output));
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

        cancellation.ThrowIfCancellationRequested();
        return (upsamplers is null ? hidden : upsamplers[0].forward(hidden, 2 * hidden.shape[2], 2 * hidden.shape[3], cancellation)).MoveToOuterDisposeScope();
    }
}
