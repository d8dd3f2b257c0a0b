using Shouldly;
using Xunit;

namespace Realign.SceneScoring.Tests;

/// <summary>Whatever a prompt names is in the answer with all its colors, whatever the model says and the tagger found.</summary>
public sealed class NothingIsLostTests
{
    private static readonly string[] Nouns = ["car", "vase", "cat", "zeppelin", "teapot", "umbrella", "fox", "robot", "dress", "box"];
    private static readonly string[] Colors = ["red", "blue", "black", "white", "green", "yellow", "purple", "shiny"];
    private static readonly string[] Joins = [" and ", ", ", " next to ", " on top of ", " beside ", "; ", " with ", ". Behind it "];
    private static readonly string[] Styles = ["", "a photo of ", "oil painting of ", "in the foreground "];
    private static readonly string[] Ends = ["", ", highly detailed", " on a street at night", ", 8k, best quality", "."];

    public static TheoryData<int> Seeds { get; } = [.. Enumerable.Range(0, 8)];

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Entries_OfAnyPromptAndAnyAnswer_HaveEveryObject(int seed)
    {
        var random = new Random(seed);
        for (var round = 0; round < 250; round++)
        {
            var (prompt, objects) = Prompt(random);
            var tags = Nouns.Where(_ => random.Next(2) == 0).ToList();
            var repair = new SceneRepair(new WordMatchRule(prompt, tags, SceneKnowledge.None));

            List<SceneEntry> entries =
            [
                .. tags.SelectMany(tag => repair.Tag(Verdict(random, tag, EntrySource.Tag))),
                .. repair.Missing([.. Nouns.Where(_ => random.Next(3) == 0).Select(noun => Verdict(random, noun, EntrySource.Missing))]),
            ];

            // a tag that the model takes for a synonym may speak of an object that has an entry already
            var certain = entries.Where(entry => entry.Score == 2).DistinctBy(entry => (entry.Object.Noun, entry.Object.Instance)).ToList();
            var found = certain.Select(entry => Text(entry.Object.Noun, entry.Object.Attributes, entry.Object.Count)).Order().ToList();
            var named = objects.Select(item => Text(item.Noun, item.Colors, item.Count)).Order().ToList();
            found.ShouldBe(named, $"{prompt}   tags: {string.Join(' ', tags)}");
            foreach (var entry in certain)
                entry.Object.Attributes.ShouldAllBe(color => entry.Phrase.Contains(color), prompt);
        }
    }

    private static (string Prompt, List<(string Noun, string[] Colors, int Count)> Objects) Prompt(Random random)
    {
        var objects = new List<(string, string[], int)>();
        var parts = new List<string>();
        foreach (var noun in Enumerable.Range(0, random.Next(1, 5)).Select(_ => Nouns[random.Next(Nouns.Length)]))
        {
            var colors = random.GetItems(Colors, random.Next(4)).Distinct().ToArray();
            var count = random.Next(5) == 0 ? random.Next(2, 5) : 0;
            objects.Add((noun, colors, count));
            parts.Add(Phrase(random, noun, colors, count));
        }

        var prompt = parts[0];
        foreach (var part in parts.Skip(1))
            prompt += Joins[random.Next(Joins.Length)] + part;
        return (Styles[random.Next(Styles.Length)] + prompt + Ends[random.Next(Ends.Length)], objects);
    }

    private static string Phrase(Random random, string noun, string[] colors, int count)
    {
        var head = count > 1 ? noun is "fox" or "dress" or "box" ? noun + "es" : noun + "s" : noun;
        var article = count > 1 ? new[] { "two", "three", "four" }[count - 2] : "a";
        var joined = colors.Length > 1 ? string.Join(", ", colors.SkipLast(1)) + " and " + colors[^1] : string.Concat(colors);
        return (colors.Length == 0 ? -1 : random.Next(6)) switch
        {
            -1 => $"{article} {head}",
            0 => $"{article} {string.Join(' ', colors)} {head}",
            1 => $"{article} {joined} {head}",
            2 => $"{article} {head} that {(count > 1 ? "are" : "is")} {joined}",
            3 => $"{article} {head} painted {joined}",
            4 => $"({article} {string.Join(' ', colors)} {head}:1.3)",
            _ => $"{article} {string.Join(", ", colors)} {head}",
        };
    }

    private static SceneVerdict Verdict(Random random, string noun, EntrySource source)
    {
        var score = source == EntrySource.Missing ? 2 : new[] { 0f, 0.5f, 2f }[random.Next(3)];
        var words = random.GetItems([.. Colors, .. Nouns, "and", "two"], random.Next(4));
        return new SceneVerdict(noun, score, random.Next(3) == 0 ? noun : string.Join(' ', words), source);
    }

    private static string Text(string noun, IEnumerable<string> colors, int count) => $"{count} {string.Join(' ', colors.Order())} {noun}";
}
