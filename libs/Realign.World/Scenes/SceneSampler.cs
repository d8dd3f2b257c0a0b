namespace Realign.World;

/// <summary>
/// Draws scenes of the embedded world. One object: 34..46 px near the middle. Two: 26..31 px, side by side or above one another. Three and four: 22..27 and
/// 21..25 px, around the middle. All a few pixels off, turned by up to 8 degrees, inside the frame. The same seed gives the same scene.
/// </summary>
public static class SceneSampler
{
    /// <summary>Most objects that fit.</summary>
    public const int MostObjects = 4;

    /// <summary>Most degrees that an object is turned, either way.</summary>
    public const float MostRotation = 8;

    private const float InkJitter = 10;
    private const double MostHidden = 0.4;
    private const double LeastHidden = 0.1;
    private static readonly (float Least, float Most)[] Sizes = [(34, 46), (26, 31), (22, 27), (21, 25)];

    /// <summary>Draws a scene of drawn objects.</summary>
    /// <exception cref="ArgumentException">The options contradict each other.</exception>
    public static Scene Draw(int seed, SceneOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Count, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.Count, MostObjects);
        if (options.Relation is not null && (options.Count != 2 || options.Alike))
            throw new ArgumentException("a relation needs two objects that differ", nameof(options));
        if (options.Overlaps && options.Count == 1)
            throw new ArgumentException("one object hides no other", nameof(options));
        // seeded, so the same scene on every machine
        var random = new Random(seed);
        var (nouns, colors) = (Some(random, Glyphs.Nouns, options), Some(random, [.. Palette.Colors.Select(color => color.Name)], options));
        return Place(random, [.. nouns.Zip(colors)], options.Relation, options.Overlaps);
    }

    /// <summary>Draws a scene that shows what a prompt demands.</summary>
    /// <param name="seed">Seed.</param>
    /// <param name="demand">At most <see cref="MostObjects"/> objects in all; relations only between the first and the second of two.</param>
    /// <exception cref="ArgumentException">The demand is too large.</exception>
    public static Scene Show(int seed, Demand demand)
    {
        ArgumentNullException.ThrowIfNull(demand);
        var random = new Random(seed);
        var things = demand.Objects.SelectMany(wanted => Enumerable.Repeat(wanted, wanted.Count))
            .Select(wanted => (wanted.Noun, wanted.Color ?? Palette.Colors[random.Next(Palette.Colors.Count)].Name)).ToArray();
        if (things.Length is 0 or > MostObjects || demand.Relations.Count > 1 || (demand.Relations.Count == 1 && things.Length != 2))
            throw new ArgumentException($"{things.Length} objects with {demand.Relations.Count} relations do not fit into a scene", nameof(demand));
        return Place(random, things, demand.Relations.Count == 0 ? null : demand.Relations[0].Relation, overlaps: false);
    }

    private static string[] Some(Random random, IReadOnlyList<string> names, SceneOptions options)
    {
        var shuffled = names.ToArray();
        random.Shuffle(shuffled);
        return options.Alike ? [.. Enumerable.Repeat(shuffled[0], options.Count)] : shuffled[..options.Count];
    }

    private static Scene Place(Random random, (string Noun, string Color)[] things, Relation? relation, bool overlaps)
    {
        var background = Background(random);
        var inks = things.Select(thing => Ink(random, Palette.Of(thing.Color).Value)).ToArray();
        SceneRelation? said = relation is { } where ? new SceneRelation(0, where, 1) : null;
        while (true)
        {
            var layout = Layout(random, things.Length, relation);
            var poses = layout.Select(place => Pose(random, place, Sizes[things.Length - 1])).ToArray();
            if (overlaps)
                poses[1] = Nearer(random, poses[0], poses[1]);
            var scene = new Scene([.. things.Select((thing, index) => new SceneObject(thing.Noun, thing.Color, inks[index], poses[index]))], background, said);
            var seen = SceneRenderer.Render(scene).Objects.Select(item => 1 - item.VisibleShare).ToArray();
            if (overlaps ? seen[0] is >= LeastHidden and <= MostHidden && seen[1..].All(hidden => hidden < 0.01) : seen.All(hidden => hidden < 0.01))
                return scene;
        }
    }

    // plain and slightly tinted, never as light as white
    private static Rgb Background(Random random)
    {
        var gray = Between(random, 165, 225);
        return new Rgb(gray + Between(random, -22, 22), gray + Between(random, -22, 22), gray + Between(random, -22, 22));
    }

    private static Rgb Ink(Random random, Rgb color) => new(
        Math.Clamp(color.R + Between(random, -InkJitter, InkJitter), 0, 255),
        Math.Clamp(color.G + Between(random, -InkJitter, InkJitter), 0, 255),
        Math.Clamp(color.B + Between(random, -InkJitter, InkJitter), 0, 255));

    /// <summary>Middles of the objects before jitter.</summary>
    private static (float X, float Y)[] Layout(Random random, int count, Relation? relation)
    {
        switch (count)
        {
            case 1:
                return [(32, 32)];
            case 2:
                (float, float)[] pair = (relation ?? (Relation)random.Next(4)) switch
                {
                    Relation.LeftOf or Relation.NextTo => [(16, 32), (48, 32)],
                    Relation.RightOf => [(48, 32), (16, 32)],
                    Relation.Above => [(32, 16), (32, 48)],
                    _ => [(32, 48), (32, 16)],
                };
                return pair;
            case 3:
                (float, float)[] triangle = random.Next(2) == 0 ? [(16, 17), (48, 17), (32, 47)] : [(32, 17), (16, 47), (48, 47)];
                random.Shuffle(triangle);
                return triangle;
            default:
                (float, float)[] square = [(17, 17), (47, 17), (17, 47), (47, 47)];
                random.Shuffle(square);
                return square;
        }
    }

    private static GlyphPose Pose(Random random, (float X, float Y) place, (float Least, float Most) sizes)
    {
        var size = Between(random, sizes.Least, sizes.Most);
        const float Jitter = 4;
        return Inside(place.X + Between(random, -Jitter, Jitter), place.Y + Between(random, -Jitter, Jitter), size,
            Between(random, -MostRotation, MostRotation));
    }

    /// <summary>Moved towards another, so far that it hides a part of it.</summary>
    private static GlyphPose Nearer(Random random, GlyphPose other, GlyphPose pose)
    {
        var part = Between(random, 0.25f, 0.7f);
        return Inside(pose.CenterX + (part * (other.CenterX - pose.CenterX)), pose.CenterY + (part * (other.CenterY - pose.CenterY)), pose.Width,
            pose.Rotation);
    }

    private static GlyphPose Inside(float x, float y, float size, float rotation) => new(
        Math.Clamp(x, size / 2, SceneRenderer.Side - (size / 2)), Math.Clamp(y, size / 2, SceneRenderer.Side - (size / 2)), size, size, rotation);

    private static float Between(Random random, float least, float most) => least + ((most - least) * random.NextSingle());
}
