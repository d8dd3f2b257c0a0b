namespace Realign.Grounding.Segmentation;

/// <summary>How boxes are chosen (the settings of Grounded-SAM's RAM demo by default).</summary>
public sealed record SegmentationOptions
{
    /// <summary>Smallest score of a box, 0..1.</summary>
    public float BoxThreshold { get; init; } = 0.25f;

    /// <summary>Boxes of one phrase that overlap more than this are one, 0..1.</summary>
    public float NmsThreshold { get; init; } = 0.5f;

    /// <summary>Largest number of boxes of a phrase.</summary>
    public int MaxDetections { get; init; } = 64;

    /// <summary>Whether masks are left out.</summary>
    public bool BoxesOnly { get; init; }

    /// <summary>Whether the colors inside each mask are named, where the mask model has a <see cref="Colors.ColorTable"/>.</summary>
    public bool NameColors { get; init; }
}
