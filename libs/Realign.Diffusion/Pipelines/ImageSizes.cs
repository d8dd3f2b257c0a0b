namespace Realign.Diffusion.Pipelines;

/// <summary>Size conditions of XL, in pixels. Null = the size that is generated.</summary>
public sealed record ImageSizes
{
    /// <summary>Height and width of the picture before cropping.</summary>
    public (int Height, int Width)? Original { get; init; }

    /// <summary>Top and left of the crop.</summary>
    public (int Top, int Left) Crop { get; init; }

    /// <summary>Height and width of the picture that is wanted.</summary>
    public (int Height, int Width)? Target { get; init; }

    /// <summary>Original, crop top, crop left and target as the model takes them.</summary>
    internal float[] TimeIds(int height, int width)
    {
        var (original, target) = (Original ?? (height, width), Target ?? (height, width));
        return [original.Height, original.Width, Crop.Top, Crop.Left, target.Height, target.Width];
    }
}
