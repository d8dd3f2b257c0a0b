namespace Realign.Evaluation;

/// <summary>A prompt and what an image of it must show.</summary>
internal sealed record ScenePrompt(string Kind, IReadOnlyList<(string Colour, string Object)> Things)
{
    public string Text => string.Join(" and ", Things.Select(thing => World.Phrase(thing.Colour, thing.Object)));
}

/// <summary>
/// Sixty prompts of two coloured objects: 20 drawn freely, 10 pairs with their colours swapped against each other (20), and 20 with an object in a
/// colour it has nowhere. Which pairs were held out of training is not recorded with the snapshots, so nothing here is called held out.
/// </summary>
internal static class PromptSet
{
    private const int PerKind = 20;

    public static IReadOnlyList<ScenePrompt> Generate(int seed)
    {
        // seeded, so the same list on every machine
        var random = new Random(seed);
        var colours = World.Colours.Keys.ToArray();
        (string Colour, string Object) Draw() => (colours[random.Next(colours.Length)], World.Objects[random.Next(World.Objects.Count)]);
        (string Colour, string Object) DrawOther((string Colour, string Object) first)
        {
            var other = Draw();
            while (other.Colour == first.Colour || other.Object == first.Object)
                other = Draw();
            return other;
        }

        var prompts = new List<ScenePrompt>();
        while (prompts.Count < PerKind)
        {
            var first = Draw();
            AddNew(prompts, new ScenePrompt("free", [first, DrawOther(first)]));
        }

        while (prompts.Count < 2 * PerKind)
        {
            var first = Draw();
            var second = DrawOther(first);
            if (AddNew(prompts, new ScenePrompt("swapped", [first, second])))
                prompts.Add(new ScenePrompt("swapped", [(second.Colour, first.Object), (first.Colour, second.Object)]));
        }

        while (prompts.Count < 3 * PerKind)
        {
            var first = World.Unusual[random.Next(World.Unusual.Count)];
            AddNew(prompts, new ScenePrompt("unusual", [first, DrawOther(first)]));
        }

        return prompts;
    }

    /// <summary>One per line: kind, tab, prompt.</summary>
    public static string Write(IEnumerable<ScenePrompt> prompts) => string.Concat(prompts.Select(prompt => $"{prompt.Kind}\t{prompt.Text}\n"));

    public static IReadOnlyList<ScenePrompt> Read(string file) =>
        [.. File.ReadLines(file).Where(line => line.Length > 0).Select(line => line.Split('\t')).Select(parts => new ScenePrompt(parts[0],
            [.. parts[1].Split(" and ").Select(phrase => phrase.Split(' ')).Select(words => (words[1], words[2]))]))];

    private static bool AddNew(List<ScenePrompt> prompts, ScenePrompt prompt)
    {
        if (prompts.Any(known => known.Text == prompt.Text))
            return false;
        prompts.Add(prompt);
        return true;
    }
}
