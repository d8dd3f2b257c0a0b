using Realign.Core.Errors;

namespace Realign.World;

/// <summary>
/// Reads prompts of the world: objects with their colors and counts, joined by commas, "and" and words of relation.
/// E.g. "a red car, a pink elephant and a blue chair", "two red cars", "a photo of a black cat to the left of a chair".
/// </summary>
public static class ScenePrompt
{
    private static readonly string[][] Openings = [.. new[] { "a photo of", "a picture of", "an image of", "a drawing of" }.Select(text => text.Split(' '))];

    private static readonly Dictionary<string, int> Numbers = new(StringComparer.Ordinal)
    {
        ["a"] = 1,
        ["an"] = 1,
        ["the"] = 1,
        ["one"] = 1,
        ["two"] = 2,
        ["three"] = 3,
        ["four"] = 4,
        ["five"] = 5,
        ["six"] = 6,
    };

    private static readonly (string[] Words, Relation Relation)[] Relations =
    [.. new[]
    {
        ("to the left of", Relation.LeftOf), ("on the left of", Relation.LeftOf), ("left of", Relation.LeftOf),
        ("to the right of", Relation.RightOf), ("on the right of", Relation.RightOf), ("right of", Relation.RightOf),
        ("above", Relation.Above), ("over", Relation.Above), ("on top of", Relation.Above),
        ("below", Relation.Below), ("under", Relation.Below), ("next to", Relation.NextTo), ("beside", Relation.NextTo),
    }.Select(entry => (entry.Item1.Split(' '), entry.Item2))];

    /// <summary>What a prompt demands. The same object named twice is demanded twice.</summary>
    /// <param name="prompt">Prompt of the world; case does not matter.</param>
    /// <exception cref="InvalidInputException">A word is none of the world's, a number and its noun disagree, or something is missing.</exception>
    public static Demand Parse(string prompt)
    {
        ArgumentNullException.ThrowIfNull(prompt);
#pragma warning disable CA1308 // words of the world are lower case
        var words = prompt.ToLowerInvariant().Replace(",", " , ", StringComparison.Ordinal).TrimEnd('.', ' ', '\t', '\r', '\n')
            .Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
#pragma warning restore CA1308
        var at = Openings.FirstOrDefault(opening => Follows(words, 0, opening))?.Length ?? 0;
        var (objects, relations) = (new List<DemandedObject>(), new List<SceneRelation>());
        objects.Add(ReadObject(words, ref at));
        while (at < words.Length)
        {
            var here = at;
            var relation = Relations.FirstOrDefault(entry => Follows(words, here, entry.Words));
            if (relation.Words is not null)
            {
                at += relation.Words.Length;
                relations.Add(new SceneRelation(objects.Count - 1, relation.Relation, objects.Count));
            }
            else
            {
                ReadJoint(words, ref at);
            }

            objects.Add(ReadObject(words, ref at));
        }

        return new Demand(objects, relations);
    }

    private static bool Follows(string[] words, int at, string[] phrase) => words.AsSpan(Math.Min(at, words.Length)).StartsWith(phrase);

    /// <summary>A comma, "and", or both.</summary>
    private static void ReadJoint(string[] words, ref int at)
    {
        var before = at;
        if (words[at] == ",")
            at++;
        if (at < words.Length && words[at] == "and")
            at++;
        if (at == before)
            throw Unknown(words[at], "joins no two objects", "join objects with a comma, \"and\" or a relation such as \"to the left of\"");
    }

    private static DemandedObject ReadObject(string[] words, ref int at)
    {
        var count = 1;
        var article = at < words.Length ? words[at] : null;
        if (article is not null && Numbers.TryGetValue(article, out var number))
            (count, at) = (number, at + 1);
        string? color = null;
        var next = at < words.Length ? words[at] : null;
        if (Palette.Colors.Any(entry => entry.Name == next))
            (color, at) = (next, at + 1);
        if (at >= words.Length)
            throw Unknown(words.Length == 0 ? "" : words[^1], "an object is missing after it", $"name one of {string.Join(", ", Glyphs.Nouns)}");
        var word = words[at++];
        var noun = Glyphs.Nouns.FirstOrDefault(name => (count == 1 ? name : Glyphs.Plural(name)) == word);
        return noun is not null
            ? new DemandedObject(noun, color, count)
            : throw Unknown(word, count == 1 ? "is no object of the world" : $"is not the plural of an object of the world, as \"{article}\" needs",
                $"use one of {string.Join(", ", count == 1 ? Glyphs.Nouns : Glyphs.Nouns.Select(Glyphs.Plural))}");
    }

    private static InvalidInputException Unknown(string word, string problem, string wayOut) =>
        new("prompt", $"\"{(word.Length > 40 ? word[..40] + "..." : word)}\"", problem, wayOut);
}
