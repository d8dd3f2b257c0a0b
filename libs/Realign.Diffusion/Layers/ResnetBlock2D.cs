using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace Realign.Diffusion.Layers;

/// <summary>Sizes of a residual block; <paramref name="TimeChannels"/> = 0 in the VAE, which knows no time.</summary>
internal sealed record ResnetShape(int In, int Out, int TimeChannels, int Groups, double Eps);

/// <summary>Two convolutions with group norm and SiLU, the time embedding added between them, and a shortcut.</summary>
internal sealed class ResnetBlock2D : nn.Module
{
    public readonly GroupNorm norm1;
    public readonly Conv2d conv1;
    public readonly Linear? time_emb_proj;
    public readonly GroupNorm norm2;
    public readonly Conv2d conv2;
    public readonly Conv2d? conv_shortcut;

    public ResnetBlock2D(ResnetShape shape)
        : base(nameof(ResnetBlock2D))
    {
        norm1 = new GroupNorm(shape.Groups, shape.In, shape.Eps);
        conv1 = new Conv2d(shape.In, shape.Out, 3, padding: 1);
        if (shape.TimeChannels > 0)
            time_emb_proj = new Linear(shape.TimeChannels, shape.Out);
        norm2 = new GroupNorm(shape.Groups, shape.Out, shape.Eps);
        conv2 = new Conv2d(shape.Out, shape.Out, 3, padding: 1);
        if (shape.In != shape.Out)
            conv_shortcut = new Conv2d(shape.In, shape.Out, 1);
        RegisterComponents();
    }

    /// <summary>(B, In, H, W), and SiLU of the time embedding (B, TimeChannels) -> (B, Out, H, W)</summary>
    /// <exception cref="OperationCanceledException">The token was set; it is looked at before each convolution, and inside a large one.</exception>
    public Tensor forward(Tensor input, Tensor? activatedTime, CancellationToken cancellation)
    {
        using var scope = NewDisposeScope();
        cancellation.ThrowIfCancellationRequested();
        var hidden = NormActConv(norm1, conv1, input, cancellation);
        if (time_emb_proj is not null)
        {
            ArgumentNullException.ThrowIfNull(activatedTime);
            hidden = hidden.add(time_emb_proj.forward(activatedTime).unsqueeze(-1).unsqueeze(-1));
        }

        cancellation.ThrowIfCancellationRequested();
        hidden = NormActConv(norm2, conv2, hidden, cancellation);
        return (conv_shortcut?.forward(input, cancellation) ?? input).add(hidden).MoveToOuterDisposeScope();
    }

    /// <summary>conv(SiLU(norm(x))); drops the two intermediate maps at once, the largest of the whole model in the VAE's last level.</summary>
    public static Tensor NormActConv(GroupNorm norm, Conv2d conv, Tensor input, CancellationToken cancellation)
    {
        using var scope = NewDisposeScope();
        return conv.forward(F.silu(norm.forward(input)), cancellation).MoveToOuterDisposeScope();
    }
}
