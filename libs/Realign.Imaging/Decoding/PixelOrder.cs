namespace Realign.Imaging.Decoding;

/// <summary>Where the pixels of a stored picture go when it is turned upright by its EXIF orientation (1 to 8).</summary>
/// <param name="Width">Of the upright picture.</param>
/// <param name="Height">Of the upright picture.</param>
/// <param name="Origin">Target index of the first stored pixel.</param>
/// <param name="Right">Step of the target index for a stored pixel to the right.</param>
/// <param name="Down">Step of the target index for a stored pixel below.</param>
internal readonly record struct PixelOrder(int Width, int Height, int Origin, int Right, int Down)
{
    /// <param name="width">Of the stored picture.</param>
    /// <param name="height">Of the stored picture.</param>
    /// <param name="orientation">As in the file; others than 1 to 8 mean upright.</param>
    public static PixelOrder Of(int width, int height, int orientation) => orientation switch
    {
        2 => new(width, height, width - 1, -1, width),
        3 => new(width, height, (width * height) - 1, -1, -width),
        4 => new(width, height, (height - 1) * width, 1, -width),
        5 => new(height, width, 0, height, 1),
        6 => new(height, width, height - 1, height, -1),
        7 => new(height, width, (width * height) - 1, -height, -1),
        8 => new(height, width, (width - 1) * height, -height, 1),
        _ => new(width, height, 0, 1, width),
    };
}
