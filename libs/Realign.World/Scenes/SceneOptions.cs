namespace Realign.World;

/// <summary>What kind of scene to draw.</summary>
public sealed record SceneOptions
{
    /// <summary>Objects, 1 to <see cref="SceneSampler.MostObjects"/>. Classes and colors differ from object to object.</summary>
    public int Count { get; init; } = 1;

    /// <summary>Where the first object is, seen from the second; only with two objects. Null draws the side, and the caption does not name it.</summary>
    public Relation? Relation { get; init; }

    /// <summary>All objects are of one class and color, as in "two red cars".</summary>
    public bool Alike { get; init; }

    /// <summary>Of two or more objects, the second hides a part of the first, at most four tenths of it.</summary>
    public bool Overlaps { get; init; }
}
