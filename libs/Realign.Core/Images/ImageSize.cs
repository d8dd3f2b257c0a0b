using Realign.Core.Errors;

namespace Realign.Core.Images;

/// <summary>The one rule for the size of a picture, however it comes in: encoded, as pixels, or as a mask.</summary>
public static class ImageSize
{
    /// <summary>Checks edges, shape and number of pixels.</summary>
    /// <param name="field">Path of the picture or mask in the request, for the error.</param>
    /// <param name="width">Pixels.</param>
    /// <param name="height">Pixels.</param>
    /// <exception cref="InvalidInputException">One of them is outside <see cref="Limits"/>.</exception>
    public static void Check(string field, int width, int height)
    {
        var (longest, shortest) = (Math.Max(width, height), Math.Min(width, height));
        var problem = shortest < 1 ? "an edge has at least one pixel"
            : longest > Limits.ImageEdge ? $"no edge may be longer than {Limits.ImageEdge} pixels"
            : longest > (long)shortest * Limits.ImageAspect ? $"an edge may be at most {Limits.ImageAspect} times as long as the other"
            : (long)width * height > Limits.ImagePixels ? $"at most {Limits.ImagePixels >> 20} megapixels are taken"
            : null;
        if (problem is not null)
            throw new InvalidInputException(field, $"{width}x{height} pixels", problem, "crop or shrink it");
    }
}
