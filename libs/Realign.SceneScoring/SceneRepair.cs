using Realign.SceneScoring.Language;

namespace Realign.SceneScoring;

/// <summary>
/// Holds a model's valid answer against the prompt. A phrase of a certain object must be made of the words around that noun and have all
/// that describes it, because a wrong or lost color would be painted into the image; a possible object has a neutral two-word phrase, an
/// absent one none. Objects of the prompt that the answer leaves out come from the rule.
/// </summary>
internal sealed class SceneRepair(WordMatchRule rule)
{
    private const string FromElsewhere = "the phrase has words from elsewhere";

    private readonly HashSet<PromptObject> _covered = [];

    /// <summary>The entries of a tag: one for each object that it names, corrected where needed.</summary>
    public IReadOnlyList<SceneEntry> Tag(SceneVerdict verdict)
    {
        var tag = verdict.Tag;
        if (verdict.Score != 0 && rule.IsExcluded(tag))
            return [WordMatchRule.Absent(tag, Origin.Rule, "the prompt excludes it")];
        var objects = rule.ObjectsOf(tag);
        _covered.UnionWith(objects);
        if (objects.Count > 0 && verdict.Score != 2)
            return [.. objects.Select(found => rule.Entry(tag, found, EntrySource.Tag) with { Repair = "the prompt names it" })];
        if (objects.Count > 0)
            return Certain(tag, verdict.Phrase, objects);
        return [verdict.Score switch
        {
            2 => Elsewhere(tag, verdict.Phrase),
            0 => WordMatchRule.Absent(tag, Origin.Model, verdict.Phrase.Length == 0 ? "" : "an absent object has no phrase"),
            _ when HasTwoWords(verdict.Phrase) => WordMatchRule.Possible(tag, Origin.Model, verdict.Phrase),
            _ => WordMatchRule.Possible(tag, Origin.Model, repair: "a possible object has a neutral phrase"),
        }];
    }

    /// <summary>The entries of a tag that the model did not answer for.</summary>
    public IReadOnlyList<SceneEntry> Unanswered(string tag, string reason)
    {
        _covered.UnionWith(rule.ObjectsOf(tag));
        return [.. rule.Entries(tag).Select(entry => entry with { Repair = reason })];
    }

    /// <summary>The objects that the prompt names and no tag covers, in its order: as the model described them, else by the rule.</summary>
    /// <param name="verdicts">What the model called missing.</param>
    public IReadOnlyList<SceneEntry> Missing(IReadOnlyList<SceneVerdict> verdicts)
    {
        var entries = new List<SceneEntry>();
        var unused = verdicts.Select(verdict => (Name: PromptText.Split(verdict.Tag), Words: PromptText.Split(verdict.Phrase), verdict.Phrase)).ToList();
        foreach (var found in rule.Objects.Where(found => !found.IsBackground && !_covered.Contains(found)))
        {
            var entry = rule.Entry(found.Noun, found, EntrySource.Missing);
            var named = unused.FindAll(verdict => verdict.Name.Count > 0 && Nouns.Same(verdict.Name[^1], rule.Prompt.Words[found.Phrase.Head]));
            if (named.Count == 0)
            {
                entries.Add(entry);
                continue;
            }

            var index = unused.IndexOf(named.Find(verdict => IsWhole(verdict.Words, found)) is { Name: not null } whole ? whole : named[0]);
            var (_, words, phrase) = unused[index];
            unused.RemoveAt(index);
            entries.Add(Held(entry, words, phrase, found));
        }

        return entries;
    }

    /// <summary>The model gives one phrase a tag: it belongs to the object that it fits, or in parts to several.</summary>
    private List<SceneEntry> Certain(string tag, string phrase, IReadOnlyList<PromptObject> objects)
    {
        var parts = new List<string> { phrase };
        if (objects.Count > 1)
            parts.AddRange(phrase.Split(" and ", StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
        var entries = new List<SceneEntry>();
        foreach (var found in objects)
        {
            var own = parts.Find(part => IsWhole(PromptText.Split(part), found));
            var entry = rule.Entry(tag, found, EntrySource.Tag);
            if (own is not null || objects.Count == 1)
                entries.Add(Held(entry, PromptText.Split(own ?? phrase), own ?? phrase, found));
            else
                entries.Add(entry with { Repair = "the model described another object of this name" });
        }

        // of objects that all are told by the rule, the model found the first
        if (!entries.Exists(entry => entry.Origin == Origin.Model))
            entries[0] = entries[0] with { Origin = Origin.Model, Repair = phrase.Length == 0 ? "the phrase was empty" : FromElsewhere };
        return entries;
    }

    private SceneEntry Held(SceneEntry entry, List<string> words, string phrase, PromptObject found)
    {
        if (IsWhole(words, found))
            return entry with { Phrase = phrase, Origin = Origin.Model };
        var repair = words.Count == 0 ? "the phrase was empty" : Fits(words, found.Phrase) ? "the phrase lacked words of the prompt" : FromElsewhere;
        return entry with { Origin = Origin.Model, Repair = repair };
    }

    /// <summary>A tag that is not the noun of any object: a word of the prompt, or a synonym that only the model knows.</summary>
    private SceneEntry Elsewhere(string tag, string phrase)
    {
        var words = PromptText.Split(phrase);
        if (rule.Find(tag) is { } place)
        {
            var text = rule.Describe(place.Word, place.Phrase);
            var isSame = words.SequenceEqual(PromptText.Split(text));
            return new SceneEntry(tag, 2, isSame ? phrase : text, EntrySource.Tag, rule.EntityAt(place.Word, place.Phrase), Origin.Model,
                isSame ? "" : words.Count == 0 ? "the phrase was empty" : FromElsewhere);
        }

        // it must point at one noun of the prompt
        if (words.Count > 0 && rule.Objects.FirstOrDefault(found => Points(words, found)) is { } pointed)
        {
            _ = _covered.Add(pointed);
            return Held(rule.Entry(tag, pointed, EntrySource.Tag), words, phrase, pointed);
        }

        return WordMatchRule.Possible(tag, Origin.Model, repair: "nothing in the prompt says so");
    }

    private bool Points(List<string> words, PromptObject found) => words.Contains(rule.Prompt.Words[found.Phrase.Head]) && Fits(words, found.Phrase);

    /// <summary>Whether words describe an object with all that the prompt says of it, and with nothing else.</summary>
    private bool IsWhole(List<string> words, PromptObject found)
    {
        if (!found.Mentions.Any(phrase => Fits(words, phrase, found.Attributes)))
            return false;
        var demanded = PromptText.Split(rule.Prompt.Describe(found)).Where(word => word is not ("and" or "or"));
        return demanded.All(words.Contains);
    }

    private bool Fits(List<string> words, NounPhrase phrase, params IReadOnlyList<string> more)
    {
        var around = rule.Prompt.WordsAround(phrase, "of", "with", "in");
        return words.Count > 0 && words.TrueForAll(word => around.Contains(word) || more.Contains(word) || Words.IsDeterminer(word));
    }

    private static bool HasTwoWords(string phrase) => phrase.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Length == 2;
}
