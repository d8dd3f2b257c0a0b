namespace Realign.Evaluation.Reading;

/// <summary>What the models of the mesh read in a picture.</summary>
internal sealed record ReadingRecord
{
    /// <summary>Names of the tags; null where they were not asked for.</summary>
    public IReadOnlyList<string>? Tags { get; init; }

    /// <summary>What the segmenter finds of the demanded nouns, with the color of its mask; null where it was not asked.</summary>
    public SceneRecord? Segments { get; init; }

    /// <summary>The caption; null where it was not asked for.</summary>
    public string? Caption { get; init; }

    /// <summary>Cosine of picture and prompt by the Captioner's CLIP, -1..1.</summary>
    public required float Clip { get; init; }

    /// <summary>The model behind <see cref="Clip"/>.</summary>
    public required string ClipModel { get; init; }
}
