using Realign.Core.Errors;
using Realign.Core.Images;
using Realign.Imaging;
using Realign.Torch;
using Realign.Torch.Images;
using static TorchSharp.torch;

namespace Realign.VisionLanguage.Images;

/// <summary>
/// Pictures to the input of one vision tower, from its <c>preprocessor_config.json</c>, in two ways: as the published processor does
/// it with bytes, and differentiably (algorithms 1.5: straight-through clamp, antialiased bicubic, normalize).
/// </summary>
public sealed class ModelImages : IDifferentiableImages
{
    private readonly ImageProcessor _processor;
    private readonly int _side;
    private readonly TorchPlacement _placement;

    private ModelImages(ImageProcessor processor, int side, TorchPlacement placement)
    {
        _processor = processor;
        _side = side;
        _placement = placement;
    }

    /// <summary>Reads the file of a model folder.</summary>
    /// <param name="folder">Model folder.</param>
    /// <param name="side">Side of the square input of the tower in pixels.</param>
    /// <param name="placement">Where the tower is.</param>
    /// <exception cref="ModelLoadException">It does not give what the tower takes.</exception>
    public static ModelImages Load(string folder, int side, TorchPlacement placement)
    {
        var processor = ImageProcessor.Load(folder);
        var config = processor.Config;
        var (height, width) = config.Crop ?? processor.ResizedSize(side, side);
        if (height != side || width != side || config.Rule is not (ResizeRule.Exact or ResizeRule.ShortestEdge)
            || (config.Crop is not null && config.Size < side))
        {
            throw new ModelLoadException(Path.Combine(folder, "preprocessor_config.json"),
                $"gives {width}x{height} pixels, the vision tower takes {side}x{side}", "use the preprocessor file of the same snapshot");
        }

        return new ModelImages(processor, side, placement);
    }

    /// <summary>What <c>CLIPImageProcessor</c> does where its file is absent: shorter edge to S, bicubic, center crop, OpenAI's mean and deviation.</summary>
    /// <param name="side">Side of the square input of the tower in pixels.</param>
    /// <param name="placement">Where the tower is.</param>
    internal static ModelImages OfClip(int side, TorchPlacement placement) => new(new ImageProcessor(new ImageProcessorConfig
    {
        Rule = ResizeRule.ShortestEdge,
        Size = side,
        Crop = (side, side),
        Mean = OpenAIPixels.Mean,
        Std = OpenAIPixels.Std,
    }), side, placement);

    /// <summary>One picture to (1, 3, S, S): files exactly as the published processor, float pixels by <see cref="Differentiable"/>.</summary>
    internal Tensor Exact(Picture picture)
    {
        using var scope = NewDisposeScope();
        var values = picture.Rgb is { } rgb
            ? TensorConvert.FromArray(_processor.Process(rgb).PixelValues, 1, 3, _side, _side)
            : Differentiable(picture.ToTensor(_placement.Device));
        return values.to(_placement.DType, _placement.Device).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    Tensor IDifferentiableImages.Differentiable(Tensor unit) => Differentiable(unit);

    /// <summary>(1, 3, H, W) in [0, 1] to (1, 3, S, S), with a gradient all the way.</summary>
    internal Tensor Differentiable(Tensor unit)
    {
        using var scope = NewDisposeScope();
        var config = _processor.Config;
        var (height, width) = _processor.ResizedSize((int)unit.shape[2], (int)unit.shape[3]);
        var resized = new DifferentiableImageProcessor(height, width, config.Mean, config.Std,
            config.Resample == PillowFilter.Bilinear ? ResizeKernel.Bilinear : ResizeKernel.Bicubic).FromUnit(unit);
        if (config.Crop is not null)
            resized = resized.narrow(2, (height - _side) / 2, _side).narrow(3, (width - _side) / 2, _side);
        return resized.to(_placement.DType).MoveToOuterDisposeScope();
    }
}
