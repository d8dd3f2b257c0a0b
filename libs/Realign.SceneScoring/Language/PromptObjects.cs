namespace Realign.SceneScoring.Language;

/// <summary>
/// The objects of a prompt. A noun with "a", "another" or a number is a new object each time; with "the" or nothing it is one that was
/// named before, if what is said of both agrees.
/// </summary>
internal static class PromptObjects
{
    /// <summary>The objects in the order of the prompt; excluded ones are none.</summary>
    /// <param name="prompt">The prompt.</param>
    /// <param name="compounds">Names of several words that are one noun here, e.g. <c>hot dog</c>.</param>
    public static List<PromptObject> Find(PromptText prompt, IReadOnlyList<IReadOnlyList<string>> compounds)
    {
        var objects = new List<PromptObject>();
        var byNoun = new Dictionary<string, List<PromptObject>>(StringComparer.Ordinal);
        foreach (var phrase in prompt.Phrases.Where(phrase => !phrase.IsExcluded))
        {
            var prefix = Compound(prompt, phrase, compounds);
            var head = prompt.Words[phrase.Head];
            var noun = string.Join(' ', [.. prefix, Nouns.Singular(head)]);
            var own = prompt.AttributesIn(phrase).ToList();
            own = [.. own.SkipLast(prefix.Count).Concat(phrase.Predicates).Distinct()];
            var count = Words.Number(prompt.Words[phrase.Start]);
            var same = byNoun.TryGetValue(noun, out var known) ? known : byNoun[noun] = [];
            if (!Words.IsIndefinite(phrase.Opener) && same.FindLast(earlier => earlier.MayBe(own, count)) is { } again)
            {
                again.Mention(phrase);
                again.Describe(own);
                continue;
            }

            var isPlural = count > 1 || (count == 0 && Nouns.Singular(head) != head && !Words.IsSingular(phrase.Opener));
            var found = new PromptObject(noun, phrase, count, isPlural, same.Count + 1);
            found.Describe(own);
            same.Add(found);
            objects.Add(found);
        }

        return objects;
    }

    /// <summary>The words of the longest compound before a phrase's head; empty when its noun is one word.</summary>
    private static IReadOnlyList<string> Compound(PromptText prompt, NounPhrase phrase, IReadOnlyList<IReadOnlyList<string>> compounds)
    {
        IReadOnlyList<string> longest = [];
        if (phrase.Head >= phrase.End)
            return longest;
        foreach (var name in compounds)
        {
            if (name.Count - 1 > longest.Count && phrase.Head - name.Count + 1 >= phrase.Start && prompt.EndsAt(name, phrase.Head))
                longest = [.. name.SkipLast(1)];
        }

        return longest;
    }
}
