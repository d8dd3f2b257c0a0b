using Realign.SceneScoring.Language;

namespace Realign.SceneScoring;

/// <summary>
/// Holds a model's valid answer against the prompt. A phrase of a certain object must be made of words of the prompt around that noun,
/// because a wrong colour would be painted into the image; a possible object has a neutral two-word phrase, an absent one none.
/// </summary>
internal sealed class SceneRepair(WordMatchRule rule)
{
    /// <summary>The entry of a tag, corrected where needed.</summary>
    public SceneEntry Tag(SceneEntry entry)
    {
        if (entry.Score != 0 && rule.IsExcluded(entry.Tag))
            return entry with { Score = 0, Phrase = "", Repair = "the prompt excludes it" };
        var found = rule.Find(entry.Tag);
        if (entry.Score != 2 && found is { Phrase: { } named } && named.End - 1 == found.Value.Word)
            return rule.Score(entry.Tag) with { Repair = "the prompt names it" };
        return entry.Score switch
        {
            2 => Certain(entry, found),
            0 => entry.Phrase.Length == 0 ? entry : entry with { Phrase = "", Repair = "an absent object has no phrase" },
            _ => HasTwoWords(entry.Phrase) ? entry : entry with { Phrase = WordMatchRule.Neutral(entry.Tag), Repair = "a possible object has a neutral phrase" },
        };
    }

    /// <summary>A missing object, corrected where needed; null when the prompt does not name it or a tag covers it.</summary>
    public SceneEntry? Missing(SceneEntry entry)
    {
        if (rule.Find(entry.Tag) is not { Phrase: { IsExcluded: false } phrase } found || rule.IsCovered(phrase))
            return null;
        var noun = Words.Singular(entry.Tag.ToLowerInvariant());
        return Words.IsBackground(noun) ? null : Certain(entry with { Score = 2 }, found);
    }

    private SceneEntry Certain(SceneEntry entry, (int Word, NounPhrase? Phrase)? found)
    {
        var words = PromptText.Split(entry.Phrase);
        if (found is { } place)
        {
            if (place.Phrase is null)
                return words.Count > 0 && words.TrueForAll(word => Words.SameNoun(word, rule.Prompt.Words[place.Word]))
                    ? entry
                    : entry with { Phrase = rule.Prompt.Words[place.Word], Repair = "the phrase has words from elsewhere" };
            if (Fits(words, place.Phrase) && words.Contains(rule.Prompt.Words[place.Word]))
                return entry;
            return entry with
            {
                Phrase = rule.Prompt.Describe(place.Phrase, place.Word),
                Repair = words.Count == 0 ? "the phrase was empty" : "the phrase has words from elsewhere",
            };
        }

        // a synonym that only the model knows: it must point at one noun of the prompt
        if (words.Count > 0 && rule.Prompt.Phrases.FirstOrDefault(phrase => !phrase.IsExcluded && Fits(words, phrase)) is { } pointed)
        {
            return words.Contains(rule.Prompt.Words[pointed.End - 1])
                ? entry
                : entry with { Phrase = rule.Prompt.Describe(pointed, pointed.End - 1), Repair = "the phrase lacked its noun" };
        }

        return entry with { Score = 0.5f, Phrase = WordMatchRule.Neutral(entry.Tag), Repair = "nothing in the prompt says so" };
    }

    private bool Fits(List<string> words, NounPhrase phrase)
    {
        var around = rule.Prompt.WordsAround(phrase);
        return words.Count > 0 && words.TrueForAll(word => around.Contains(word) || Words.IsDeterminer(word));
    }

    private static bool HasTwoWords(string phrase) => phrase.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Length == 2;
}
