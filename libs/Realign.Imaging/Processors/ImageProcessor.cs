using Realign.Core;
using Realign.Core.Errors;
using Realign.Core.Images;

namespace Realign.Imaging;

/// <summary>
/// Resize, crop, rescale, normalize and pad as the published image processors do (transformers <c>CLIPImageProcessor</c>, <c>BlipImageProcessor</c>,
/// <c>SamImageProcessor</c>, <c>GroundingDinoImageProcessor</c>); the preprocessor file says which steps.
/// </summary>
/// <param name="config">The steps.</param>
public sealed class ImageProcessor(ImageProcessorConfig config)
{
    /// <summary>The steps.</summary>
    public ImageProcessorConfig Config { get; } = config;

    /// <summary>Reads preprocessor_config.json of a model folder.</summary>
    /// <exception cref="ModelLoadException">The file is missing or has a value that is not understood.</exception>
    public static ImageProcessor Load(string folder) => new(ImageProcessorConfig.Load(folder));

    /// <summary>All steps.</summary>
    /// <param name="image">Any picture.</param>
    public ProcessedImage Process(RgbImage image)
    {
        var pixels = ResizeAndCrop(image);
        var (height, width) = Config.Pad ?? (pixels.Height, pixels.Width);
        (height, width) = (Math.Max(height, pixels.Height), Math.Max(width, pixels.Width));
        var values = new float[3 * height * width];
        Span<float> table = stackalloc float[256];
        for (var channel = 0; channel < 3; channel++)
        {
            for (var value = 0; value < 256; value++)
                table[value] = (float)((value * Config.RescaleFactor - Config.Mean[channel]) / Config.Std[channel]);
            for (var y = 0; y < pixels.Height; y++)
            {
                var row = values.AsSpan((channel * height + y) * width, pixels.Width);
                for (var x = 0; x < row.Length; x++)
                    row[x] = table[pixels.Pixels[(y * pixels.Width + x) * 3 + channel]];
            }
        }

        return new ProcessedImage(values, height, width, pixels.Height, pixels.Width);
    }

    /// <summary>The steps on bytes: resize and center crop.</summary>
    /// <param name="image">Any picture.</param>
    public RgbImage ResizeAndCrop(RgbImage image)
    {
        ArgumentNullException.ThrowIfNull(image);
        var (height, width) = ResizedSize(image.Height, image.Width);
        var resized = PillowResize.Resize(image, width, height, Config.Resample, ResizeOrder.HorizontalFirst);
        return Config.Crop is { } crop ? CenterCrop(resized, crop.Height, crop.Width) : resized;
    }

    /// <summary>Size after resizing, before crop and padding.</summary>
    /// <param name="height">Of the picture, in pixels.</param>
    /// <param name="width">Of the picture, in pixels.</param>
    /// <exception cref="InvalidInputException">A picture so narrow that bringing its short edge to size would exceed <see
    /// cref="Limits.ImagePixels"/>.</exception>
    public (int Height, int Width) ResizedSize(int height, int width)
    {
        var (resizedHeight, resizedWidth) = UncheckedSize(height, width);
        return (long)resizedHeight * resizedWidth <= Limits.ImagePixels
            ? (resizedHeight, resizedWidth)
            : throw new InvalidInputException("image", $"{width}x{height}",
                $"becomes {resizedWidth}x{resizedHeight} pixels with its shorter edge brought to {Config.Size}",
                "send a picture that is less narrow");
    }

    private (int Height, int Width) UncheckedSize(int height, int width)
    {
        switch (Config.Rule)
        {
            case ResizeRule.Exact:
                return (Config.Size, Config.SecondSize);
            case ResizeRule.ShortestEdge:
                return ByShortest(height, width, Config.Size, Config.Size);
            case ResizeRule.ShortestEdgeWithLimit:
                double shortest = Config.Size;
                if ((double)Math.Max(height, width) / Math.Min(height, width) * Config.Size > Config.SecondSize)
                    shortest = (double)Config.SecondSize * Math.Min(height, width) / Math.Max(height, width);
                return ByShortest(height, width, (int)Math.Round(shortest, MidpointRounding.ToEven), shortest);
            case ResizeRule.LongestEdge:
                var scale = (double)Config.Size / Math.Max(height, width);
                return (Math.Max(1, (int)(height * scale + 0.5)), Math.Max(1, (int)(width * scale + 0.5)));
            default:
                return (height, width);
        }
    }

    // the longer edge follows the unrounded length and is truncated
    private static (int Height, int Width) ByShortest(int height, int width, int shortest, double exact)
    {
        shortest = Math.Max(1, shortest);
        if ((height <= width && height == shortest) || (width <= height && width == shortest))
            return (height, width);
        return width < height ? (Math.Max(1, (int)(exact * height / width)), shortest) : (shortest, Math.Max(1, (int)(exact * width / height)));
    }

    private static RgbImage CenterCrop(RgbImage image, int height, int width)
    {
        var pixels = new byte[height * width * 3];
        var top = Offset(image.Height, height);
        var left = Offset(image.Width, width);
        for (var y = Math.Max(0, -top); y < Math.Min(height, image.Height - top); y++)
        {
            var from = Math.Max(0, -left);
            var count = Math.Min(width, image.Width - left) - from;
            image.Pixels.AsSpan(((y + top) * image.Width + from + left) * 3, count * 3).CopyTo(pixels.AsSpan((y * width + from) * 3));
        }

        return new RgbImage(width, height, pixels);
    }

    // a picture that is smaller than the crop is set into zeros, the odd row above it
    private static int Offset(int size, int crop) => size >= crop ? (size - crop) / 2 : -((crop - size + 1) / 2);
}
