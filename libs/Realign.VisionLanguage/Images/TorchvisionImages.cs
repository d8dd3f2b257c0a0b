using Realign.Imaging;
using Realign.Torch;
using Realign.Torch.Images;
using TorchSharp;
using static TorchSharp.torch;

namespace Realign.VisionLanguage.Images;

/// <summary>
/// The square input of towers whose reference code prepares pictures with torchvision, differentiably: straight-through clamp, antialiased bicubic,
/// crop or padding about the center, mean and deviation of OpenAI's CLIP.
/// </summary>
internal sealed class TorchvisionImages : IDifferentiableImages
{
    private readonly int _side;
    private readonly ImageProcessor? _shortest;
    private readonly TorchPlacement _placement;

    private TorchvisionImages(int side, ImageProcessor? shortest, TorchPlacement placement)
    {
        _side = side;
        _shortest = shortest;
        _placement = placement;
    }

    /// <summary><c>Resize(S)</c>, <c>CenterCrop(S)</c>: the shorter edge to S, what is beyond it cut off. As ImageReward does it.</summary>
    /// <param name="side">Side of the tower's input in pixels.</param>
    /// <param name="placement">Where the tower is.</param>
    public static TorchvisionImages Cropped(int side, TorchPlacement placement) =>
        new(side, new ImageProcessor(new ImageProcessorConfig { Rule = ResizeRule.ShortestEdge, Size = side }), placement);

    /// <summary>OpenCLIP's <c>ResizeMaxSize(S)</c>: the longer edge to S, black beside it. As HPS v2 does it.</summary>
    /// <param name="side">Side of the tower's input in pixels.</param>
    /// <param name="placement">Where the tower is.</param>
    public static TorchvisionImages Padded(int side, TorchPlacement placement) => new(side, null, placement);

    /// <inheritdoc/>
    /// <exception cref="Core.Errors.InvalidInputException">The picture is too narrow to bring its shorter edge to size.</exception>
    public Tensor Differentiable(Tensor unit)
    {
        using var scope = NewDisposeScope();
        var (height, width) = ResizedSize((int)unit.shape[2], (int)unit.shape[3]);
        var processor = new DifferentiableImageProcessor(height, width, OpenAIPixels.Mean, OpenAIPixels.Std);
        var resized = processor.Resize(DifferentiableImageProcessor.Clamp(unit));
        var square = _shortest is null ? Pad(resized, height, width) : Crop(resized, height, width);
        return processor.Normalize(square).to(_placement.DType).MoveToOuterDisposeScope();
    }

    private (int Height, int Width) ResizedSize(int height, int width)
    {
        if (_shortest is not null)
            return _shortest.ResizedSize(height, width);
        var scale = _side / (double)Math.Max(height, width);
        int Scaled(int edge) => Math.Max(1, (int)Math.Round(edge * scale, MidpointRounding.ToEven));
        return (Scaled(height), Scaled(width));
    }

    private Tensor Pad(Tensor resized, int height, int width)
    {
        var (top, left) = ((_side - height) / 2, (_side - width) / 2);
        return nn.functional.pad(resized, [left, _side - width - left, top, _side - height - top], PaddingModes.Constant, 0);
    }

    // torchvision rounds half a pixel to the even one, transformers downwards
    private Tensor Crop(Tensor resized, int height, int width) => resized.narrow(2, Offset(height), _side).narrow(3, Offset(width), _side);

    private long Offset(int edge) => (long)Math.Round((edge - _side) / 2.0, MidpointRounding.ToEven);
}
