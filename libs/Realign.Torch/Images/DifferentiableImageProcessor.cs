using static TorchSharp.torch;

namespace Realign.Torch.Images;

/// <summary>
/// From generated pixels to the input of a reward model with a gradient all the way: straight-through clamp, crop, antialiased resize, normalize.
/// The value equals that of the byte-based processors up to their rounding to bytes.
/// </summary>
public sealed class DifferentiableImageProcessor
{
    private readonly float[] _mean;
    private readonly float[] _std;

    /// <param name="height">Rows of the result, at least 1.</param>
    /// <param name="width">Columns of the result, at least 1.</param>
    /// <param name="mean">Three numbers, subtracted.</param>
    /// <param name="std">Three numbers above 0, divided by.</param>
    /// <param name="mode">Kernel of the resize.</param>
    /// <param name="antialias">Widens the kernel when shrinking.</param>
    public DifferentiableImageProcessor(
        int height, int width, IReadOnlyList<double> mean, IReadOnlyList<double> std, ResizeKernel mode = ResizeKernel.Bicubic, bool antialias = true)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentNullException.ThrowIfNull(mean);
        ArgumentNullException.ThrowIfNull(std);
        if (mean.Count != 3 || std.Count != 3 || std.Any(value => !(value > 0)))
            throw new ArgumentException("needs three means and three positive standard deviations", nameof(std));
        Height = height;
        Width = width;
        Mode = mode;
        Antialias = antialias;
        _mean = [.. mean.Select(value => (float)value)];
        _std = [.. std.Select(value => (float)value)];
    }

    /// <summary>Rows of the result.</summary>
    public int Height { get; }

    /// <summary>Columns of the result.</summary>
    public int Width { get; }

    /// <summary>Kernel of the resize.</summary>
    public ResizeKernel Mode { get; }

    /// <summary>Whether the kernel widens when shrinking.</summary>
    public bool Antialias { get; }

    /// <summary>All steps from decoder output.</summary>
    /// <param name="image">(B, 3, H, W), nominally [-1, 1].</param>
    /// <param name="crop">Part of the picture that is kept; null = all of it.</param>
    /// <returns>(B, 3, Height, Width), normalized.</returns>
    public Tensor FromSigned(Tensor image, ImageCrop? crop = null)
    {
        using var scope = NewDisposeScope();
        return Finish(ToUnitRange(image), crop).MoveToOuterDisposeScope();
    }

    /// <summary>All steps from a picture in [0, 1].</summary>
    /// <param name="image">(B, 3, H, W).</param>
    /// <param name="crop">Part of the picture that is kept; null = all of it.</param>
    /// <returns>(B, 3, Height, Width), normalized.</returns>
    public Tensor FromUnit(Tensor image, ImageCrop? crop = null)
    {
        using var scope = NewDisposeScope();
        return Finish(Clamp(image), crop).MoveToOuterDisposeScope();
    }

    /// <summary>The first step from decoder output: image / 2 + 0.5, in [0, 1] in value, with a gradient as if it were not clamped.</summary>
    /// <param name="image">(B, 3, H, W), nominally [-1, 1].</param>
    /// <returns>(B, 3, H, W).</returns>
    public static Tensor ToUnitRange(Tensor image)
    {
        using var scope = NewDisposeScope();
        return Clamp(image.div(Scalars.Of(2)).add(Scalars.Of(0.5))).MoveToOuterDisposeScope();
    }

    /// <summary>The resize step, without any clamp.</summary>
    /// <param name="image">(B, C, H, W).</param>
    /// <returns>(B, C, Height, Width).</returns>
    public Tensor Resize(Tensor image)
    {
        ArgumentNullException.ThrowIfNull(image);
        if (image.dim() != 4 || image.shape[2] < 1 || image.shape[3] < 1)
            throw new ArgumentException($"shape ({string.Join(", ", image.shape)}) is not (B, C, H, W)", nameof(image));
        return nn.functional.interpolate(
            image, size: [Height, Width], mode: Mode == ResizeKernel.Bicubic ? InterpolationMode.Bicubic : InterpolationMode.Bilinear,
            align_corners: false, antialias: Antialias);
    }

    /// <summary>The normalize step.</summary>
    /// <param name="image">(B, 3, H, W).</param>
    /// <returns>(B, 3, H, W).</returns>
    public Tensor Normalize(Tensor image)
    {
        ArgumentNullException.ThrowIfNull(image);
        using var scope = NewDisposeScope();
        var mean = tensor(_mean, image.dtype, image.device).view(1, 3, 1, 1);
        var std = tensor(_std, image.dtype, image.device).view(1, 3, 1, 1);
        return image.sub(mean).div(std).MoveToOuterDisposeScope();
    }

    /// <summary>In [0, 1] in value, with a gradient as if it were not clamped: a saturated pixel can still be pulled back.</summary>
    /// <param name="unit">(B, 3, H, W), nominally [0, 1].</param>
    /// <returns>(B, 3, H, W).</returns>
    public static Tensor Clamp(Tensor unit)
    {
        ArgumentNullException.ThrowIfNull(unit);
        using var scope = NewDisposeScope();
        return unit.add(unit.detach().clamp(Scalars.Of(0), Scalars.Of(1)).sub(unit.detach())).MoveToOuterDisposeScope();
    }

    private Tensor Finish(Tensor unit, ImageCrop? crop) => Normalize(Resize(crop is { } part ? part.Of(unit) : unit));
}
