using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace Realign.Diffusion.Layers;

/// <summary>Halves a feature map with a strided convolution.</summary>
internal sealed class Downsample2D : nn.Module
{
    private readonly bool _padsRightAndBottom;
    public readonly Conv2d conv;

    /// <param name="channels">In and out.</param>
    /// <param name="padding">1 = on all sides (UNet); 0 = one row and column of zeros at the bottom and right only (VAE).</param>
    public Downsample2D(int channels, int padding)
        : base(nameof(Downsample2D))
    {
        _padsRightAndBottom = padding == 0;
        conv = new Conv2d(channels, channels, 3, stride: 2, padding: padding);
        RegisterComponents();
    }

    public Tensor forward(Tensor input, CancellationToken cancellation)
    {
        using var scope = NewDisposeScope();
        return conv.forward(_padsRightAndBottom ? F.pad(input, [0, 1, 0, 1]) : input, cancellation).MoveToOuterDisposeScope();
    }
}

/// <summary>Enlarges a feature map by nearest neighbor, then convolves.</summary>
internal sealed class Upsample2D : nn.Module
{
    public readonly Conv2d conv;

    public Upsample2D(int channels)
        : base(nameof(Upsample2D))
    {
        conv = new Conv2d(channels, channels, 3, padding: 1);
        RegisterComponents();
    }

    /// <param name="input">(B, C, H, W)</param>
    /// <param name="height">Rows of the result; the UNet takes those of the skip connection, which may be odd.</param>
    /// <param name="width">Columns of the result.</param>
    /// <param name="cancellation">Looked at inside a large convolution.</param>
    public Tensor forward(Tensor input, long height, long width, CancellationToken cancellation)
    {
        using var scope = NewDisposeScope();
        return conv.forward(F.interpolate(input, size: [height, width], mode: InterpolationMode.Nearest), cancellation).MoveToOuterDisposeScope();
    }
}
