namespace Realign.Diffusion.Pipelines;

/// <summary>What XL models are told beside the text: sizes in pixels, null = the size that is generated; the refiner also a score.</summary>
public sealed record ImageSizes
{
    // numbers that a model takes, without and with the score
    internal const int Numbers = 6;
    internal const int ScoredNumbers = 5;

    /// <summary>Height and width of the picture before cropping.</summary>
    public (int Height, int Width)? Original { get; init; }

    /// <summary>Top and left of the crop.</summary>
    public (int Top, int Left) Crop { get; init; }

    /// <summary>Height and width of the picture that is wanted.</summary>
    public (int Height, int Width)? Target { get; init; }

    /// <summary>How well the picture shall look, 1..10; only the refiner is told. Null = 6, and 2.5 for the negative prompt (diffusers).</summary>
    public double? AestheticScore { get; init; }

    /// <summary>Original, crop top, crop left and target, or the score in the target's place, as the model takes them.</summary>
    /// <param name="height">That is generated.</param>
    /// <param name="width">That is generated.</param>
    /// <param name="ownScore">Score where none is given; null = the model is told none.</param>
    internal float[] TimeIds(int height, int width, double? ownScore)
    {
        var (original, target) = (Original ?? (height, width), Target ?? (height, width));
        return ownScore is { } score
            ? [original.Height, original.Width, Crop.Top, Crop.Left, (float)(AestheticScore ?? score)]
            : [original.Height, original.Width, Crop.Top, Crop.Left, target.Height, target.Width];
    }
}
