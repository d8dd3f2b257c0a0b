using Realign.Diffusion.Layers;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Realign.Diffusion.UNet;

/// <summary><c>DownBlock2D</c> and, with attention, <c>CrossAttnDownBlock2D</c>.</summary>
internal sealed class DownBlock2D : nn.Module
{
    private readonly string _path;
    public readonly ModuleList<ResnetBlock2D> resnets;
    public readonly ModuleList<Transformer2DModel>? attentions;
    public readonly ModuleList<Downsample2D>? downsamplers;

    public DownBlock2D(string path, IEnumerable<ResnetShape> layers, TransformerShape? transformer, bool downsamples)
        : base(nameof(DownBlock2D))
    {
        _path = path;
        resnets = new ModuleList<ResnetBlock2D>([.. layers.Select(layer => new ResnetBlock2D(layer))]);
        if (transformer is not null)
            attentions = BlockParts.Attentions(path, transformer, resnets.Count);
        if (downsamples)
            downsamplers = new ModuleList<Downsample2D>(new Downsample2D(layers.Last().Out, padding: 1));
        RegisterComponents();
    }

    /// <summary>Adds the output of every layer to <paramref name="skips"/> and returns the last one; the caller's scope owns them.</summary>
    public Tensor forward(Tensor hidden, UNetPass pass, Stack<Tensor> skips)
    {
        for (var i = 0; i < resnets.Count; i++)
        {
            hidden = pass.Show($"{_path}.resnets.{i}", resnets[i].forward(hidden, pass.ActivatedTime, pass.Cancellation));
            if (attentions is not null)
                hidden = attentions[i].forward(hidden, pass);
            skips.Push(hidden);
        }

        if (downsamplers is not null)
        {
            hidden = pass.Show($"{_path}.downsamplers.0", downsamplers[0].forward(hidden, pass.Cancellation));
            skips.Push(hidden);
        }

        return pass.Show(_path, hidden);
    }
}

/// <summary><c>UNetMidBlock2DCrossAttn</c>: residual block, transformer, residual block.</summary>
internal sealed class UNetMidBlock2DCrossAttn : nn.Module
{
    private const string Path = "mid_block";
    public readonly ModuleList<ResnetBlock2D> resnets;
    public readonly ModuleList<Transformer2DModel> attentions;

    public UNetMidBlock2DCrossAttn(ResnetShape layer, TransformerShape transformer)
        : base(nameof(UNetMidBlock2DCrossAttn))
    {
        resnets = new ModuleList<ResnetBlock2D>(new ResnetBlock2D(layer), new ResnetBlock2D(layer));
        attentions = BlockParts.Attentions(Path, transformer, 1);
        RegisterComponents();
    }

    public Tensor forward(Tensor hidden, UNetPass pass)
    {
        using var scope = NewDisposeScope();
        hidden = pass.Show($"{Path}.resnets.0", resnets[0].forward(hidden, pass.ActivatedTime, pass.Cancellation));
        hidden = attentions[0].forward(hidden, pass);
        hidden = pass.Show($"{Path}.resnets.1", resnets[1].forward(hidden, pass.ActivatedTime, pass.Cancellation));
        return pass.Show(Path, hidden).MoveToOuterDisposeScope();
    }
}

/// <summary><c>UpBlock2D</c> and, with attention, <c>CrossAttnUpBlock2D</c>.</summary>
internal sealed class UpBlock2D : nn.Module
{
    private readonly string _path;
    public readonly ModuleList<ResnetBlock2D> resnets;
    public readonly ModuleList<Transformer2DModel>? attentions;
    public readonly ModuleList<Upsample2D>? upsamplers;

    public UpBlock2D(string path, IEnumerable<ResnetShape> layers, TransformerShape? transformer, bool upsamples)
        : base(nameof(UpBlock2D))
    {
        _path = path;
        resnets = new ModuleList<ResnetBlock2D>([.. layers.Select(layer => new ResnetBlock2D(layer))]);
        if (transformer is not null)
            attentions = BlockParts.Attentions(path, transformer, resnets.Count);
        if (upsamples)
            upsamplers = new ModuleList<Upsample2D>(new Upsample2D(layers.Last().Out));
        RegisterComponents();
    }

    /// <summary>Takes one skip per layer; enlarges to the size of the next skip, so that odd sides come out right.</summary>
    public Tensor forward(Tensor hidden, UNetPass pass, Stack<Tensor> skips)
    {
        using var scope = NewDisposeScope();
        for (var i = 0; i < resnets.Count; i++)
        {
            using var joined = cat([hidden, skips.Pop()], 1);
            hidden = resnets[i].forward(joined, pass.ActivatedTime, pass.Cancellation);
            if (attentions is not null)
                hidden = attentions[i].forward(hidden, pass);
        }

        if (upsamplers is not null)
        {
            var next = skips.Peek().shape;
            hidden = pass.Show($"{_path}.upsamplers.0", upsamplers[0].forward(hidden, next[2], next[3], pass.Cancellation));
        }

        return pass.Show(_path, hidden).MoveToOuterDisposeScope();
    }
}

internal static class BlockParts
{
    public static ModuleList<Transformer2DModel> Attentions(string path, TransformerShape shape, int count) =>
        new([.. Enumerable.Range(0, count).Select(i => new Transformer2DModel($"{path}.attentions.{i}", shape))]);
}
