using Realign.Core.Images;
using Realign.Metrics.Oracle;

namespace Realign.Evaluation.Reading;

/// <summary>Objects that were seen in a picture, by the oracle or by a reader.</summary>
internal sealed record SceneRecord
{
    public required int Width { get; init; }

    public required int Height { get; init; }

    public required IReadOnlyList<SeenRecord> Objects { get; init; }

    public static SceneRecord Of(SceneReading reading) => new()
    {
        Width = reading.Width,
        Height = reading.Height,
        Objects = [.. reading.Objects.Select(seen =>
            new SeenRecord(seen.Noun, seen.Color, [seen.Box.X0, seen.Box.Y0, seen.Box.X1, seen.Box.Y1], (float)seen.Score))],
    };

    /// <summary>For the judge: a reader's scene is compared with a prompt exactly as the oracle's.</summary>
    public SceneReading ToReading() => new(
        [.. Objects.Select(seen => new SeenObject(
            seen.Noun, seen.Color ?? "", new BoundingBox(seen.Box[0], seen.Box[1], seen.Box[2], seen.Box[3]), 1, seen.Score))], Width, Height);
}
