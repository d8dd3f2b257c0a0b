using System.Text;
using System.Text.Json;

namespace Realign.SceneScoring;

/// <summary>
/// A model's reply after validation (algorithms: every tag exactly once, score in {2, 0.5, 0}, phrase of at most 12 words). The first broken
/// rule is named; warnings are what <see cref="SceneRepair"/> corrects.
/// </summary>
public sealed class SceneAnswer
{
    /// <summary>Longest reply read, in UTF-8 bytes.</summary>
    public const int MaxBytes = 64 << 10;

    /// <summary>Most words of a phrase.</summary>
    public const int MaxWords = 12;

    private SceneAnswer(string? brokenRule, IReadOnlyList<SceneVerdict> entries, IReadOnlyList<string> warnings)
    {
        BrokenRule = brokenRule;
        Entries = entries;
        Warnings = warnings;
    }

    /// <summary>The first rule it breaks: size, json_only, array, fields, unknown_tag, tag_once, score_set or phrase_words; null when it is valid.</summary>
    public string? BrokenRule { get; }

    /// <summary>The entries in the reply's order; empty when it is not valid.</summary>
    public IReadOnlyList<SceneVerdict> Entries { get; }

    /// <summary>What is valid but against the instruction.</summary>
    public IReadOnlyList<string> Warnings { get; }

    /// <summary>Validates a reply.</summary>
    /// <param name="reply">The model's whole text.</param>
    /// <param name="tags">Tags that were asked for, each once.</param>
    public static SceneAnswer Parse(string reply, IReadOnlyCollection<string> tags)
    {
        if (reply.Length > MaxBytes || Encoding.UTF8.GetByteCount(reply) > MaxBytes)
            return Broken("size");
        JsonDocument document;
        try
        {
            document = JsonDocument.Parse(reply, new JsonDocumentOptions { MaxDepth = 16, AllowDuplicateProperties = true });
        }
        catch (JsonException)
        {
            return Broken("json_only");
        }

        using (document)
            return Check(document.RootElement, tags);
    }

    private static SceneAnswer Check(JsonElement root, IReadOnlyCollection<string> tags)
    {
        if (root.ValueKind != JsonValueKind.Array || root.EnumerateArray().Any(item => item.ValueKind != JsonValueKind.Object))
            return Broken("array");
        var items = root.EnumerateArray().ToList();
        if (items.Exists(item => !HasFields(item)))
            return Broken("fields");
        var known = tags.ToHashSet(StringComparer.Ordinal);
        if (items.Exists(item => Source(item) == EntrySource.Tag && !known.Contains(Text(item, "tag"))))
            return Broken("unknown_tag");
        if (known.Any(tag => items.Count(item => Text(item, "tag") == tag) != 1))
            return Broken("tag_once");
        if (items.Exists(item => Score(item) is null))
            return Broken("score_set");
        if (items.Exists(item => WordCount(Text(item, "phrase")) > MaxWords))
            return Broken("phrase_words");

        var warnings = new List<string>();
        var entries = new List<SceneVerdict>();
        foreach (var item in items)
        {
            var entry = new SceneVerdict(Text(item, "tag"), Score(item)!.Value, Text(item, "phrase"), Source(item));
            entries.Add(entry);
            Warn(entry, warnings);
        }

        return new SceneAnswer(null, entries, warnings);
    }

    private static void Warn(SceneVerdict entry, List<string> warnings)
    {
        var words = WordCount(entry.Phrase);
        if (entry.Source == EntrySource.Missing && entry.Score != 2)
            warnings.Add("missing_not_2");
        switch (entry.Score)
        {
            case 0 when words > 0:
                warnings.Add("phrase_at_score_0");
                break;
            case 2 when words == 0:
                warnings.Add("empty_phrase_at_score_2");
                break;
            case 0.5f when words != 2:
                warnings.Add("phrase_at_score_0.5");
                break;
        }
    }

    private static bool HasFields(JsonElement item)
    {
        var names = item.EnumerateObject().Select(field => field.Name).ToList();
        return names.Count == 4 && names.Distinct().Count() == 4
            && IsText(item, "tag") && IsText(item, "phrase") && IsText(item, "source") && item.TryGetProperty("score", out _)
            && Text(item, "source") is "tag" or "missing" && HasFullTexts(item);
    }

    // half a surrogate pair written as an escape is JSON, but no text
    private static bool HasFullTexts(JsonElement item)
    {
        try
        {
            return (Text(item, "tag") + Text(item, "phrase")) is not null;
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }

    private static bool IsText(JsonElement item, string name) => item.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String;

    private static string Text(JsonElement item, string name) => item.GetProperty(name).GetString()!;

    private static EntrySource Source(JsonElement item) => Text(item, "source") == "tag" ? EntrySource.Tag : EntrySource.Missing;

    private static float? Score(JsonElement item) =>
        item.GetProperty("score") is { ValueKind: JsonValueKind.Number } score && score.TryGetDouble(out var value) && value is 2 or 0.5 or 0
            ? (float)value + 0f
            : null;

    private static int WordCount(string phrase) => phrase.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Length;

    private static SceneAnswer Broken(string rule) => new(rule, [], []);
}
