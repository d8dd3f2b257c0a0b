namespace Realign.World;

/// <summary>
/// The prompt sets of the embedded world, named after the paper's; kept as files in <c>benchmarks/prompts</c>, which <c>Realign.PromptSets</c> makes again.
/// Which (color, object) pairs were held out of training is not recorded with the snapshots: nothing here is called held out.
/// "Unusual" are living things and fruit in colors that they have nowhere.
/// </summary>
public static class PromptSets
{
    /// <summary>Prompts of a set.</summary>
    public const int FullCount = 1000;

    /// <summary>The first of them, for a quick evaluation.</summary>
    public const int QuickCount = 200;

    private static readonly (string Color, string Noun)[] Unusual =
    [
        ("blue", "elephant"), ("green", "cat"), ("purple", "dog"), ("pink", "horse"), ("blue", "banana"), ("purple", "rabbit"), ("black", "apple"),
        ("orange", "elephant"), ("pink", "turtle"), ("green", "horse"), ("blue", "tree"), ("purple", "bird"), ("pink", "banana"), ("green", "dog"),
        ("blue", "duck"), ("purple", "fish"),
    ];

    private static readonly Dictionary<string, (int Seed, Func<Random, IEnumerable<string>> Draw)> Rules = new(StringComparer.Ordinal)
    {
        ["mini-coco"] = (201, Mixed),
        ["mini-abc"] = (202, Swapped),
        ["mini-cc"] = (203, random => [Plain(Things(random, 2))]),
        ["mini-vilg"] = (204, Hard),
        ["mini-three"] = (205, random => [Plain(Things(random, 3))]),
    };

    /// <summary>
    /// mini-coco: one or two objects, some without colors, some with a relation; mini-abc: two colored objects, then the same with their colors swapped;
    /// mini-cc: "a red car and a pink elephant"; mini-vilg: relations and unusual colors; mini-three: three colored objects.
    /// </summary>
    public static IReadOnlyList<string> Names { get; } = [.. Rules.Keys];

    /// <summary>The prompts of a set, all different, the same on every machine.</summary>
    /// <exception cref="KeyNotFoundException">There is no such set.</exception>
    public static IReadOnlyList<string> Generate(string name)
    {
        if (!Rules.TryGetValue(name, out var rule))
            throw new KeyNotFoundException($"there is no prompt set {name}; there are {string.Join(", ", Names)}");
        var random = new Random(rule.Seed);
        var (prompts, known) = (new List<string>(), new HashSet<string>(StringComparer.Ordinal));
        while (prompts.Count < FullCount)
        {
            // what belongs together is taken together or not at all
            var drawn = rule.Draw(random).ToList();
            if (drawn.TrueForAll(prompt => !known.Contains(prompt)) && drawn.Distinct(StringComparer.Ordinal).Count() == drawn.Count)
            {
                prompts.AddRange(drawn);
                known.UnionWith(drawn);
            }
        }

        return prompts[..FullCount];
    }

    private static IEnumerable<string> Mixed(Random random)
    {
        var text = random.Next(10) switch
        {
            < 3 => Plain(Things(random, 1)),
            < 7 => Plain(Things(random, 2)),
            7 => Plain([.. Things(random, 2).Select(thing => thing with { Color = null })]),
            _ => Related(random, Things(random, 2)),
        };
        return [random.Next(2) == 0 ? text : "a photo of " + text];
    }

    private static IEnumerable<string> Swapped(Random random)
    {
        var things = Things(random, 2);
        return [Plain(things), Plain([things[0] with { Color = things[1].Color }, things[1] with { Color = things[0].Color }])];
    }

    private static IEnumerable<string> Hard(Random random)
    {
        var things = Things(random, 2);
        var kind = random.Next(5);
        if (kind >= 3)
        {
            var (color, noun) = Unusual[random.Next(Unusual.Length)];
            while (things[1].Noun == noun || things[1].Color == color)
                things = Things(random, 2);
            things[0] = new DemandedObject(noun, color, 1);
        }

        return [kind == 4 ? Plain(things) : Related(random, things)];
    }

    private static DemandedObject[] Things(Random random, int count)
    {
        var (nouns, colors) = (Glyphs.Nouns.ToArray(), Palette.Colors.Select(color => color.Name).ToArray());
        random.Shuffle(nouns);
        random.Shuffle(colors);
        return [.. nouns.Take(count).Zip(colors, (noun, color) => new DemandedObject(noun, color, 1))];
    }

    private static string Plain(DemandedObject[] things) => Caption.Of(new Demand(things, []));

    private static string Related(Random random, DemandedObject[] things) =>
        Caption.Of(new Demand(things, [new SceneRelation(0, (Relation)random.Next((int)Relation.NextTo), 1)]));
}
