namespace Realign.SceneScoring.Language;

/// <summary>
/// Relations of a prompt: what stands between one object and the next. The nearest object before the words is meant, so in
/// <c>a cat left of a dog above a bird</c> the dog is above; after "and" or a comma it is the one that the relation before began with, so in
/// <c>a cat to the left of a dog and above a bird</c> the cat is. Other words in between, a negation or the end of a sentence make it none.
/// </summary>
internal static class RelationFinder
{
    /// <summary>The relations in the order of the prompt.</summary>
    /// <param name="prompt">The prompt.</param>
    /// <param name="objects">Its objects; what is none of them has no relations.</param>
    public static List<ObjectRelation> Find(PromptText prompt, IReadOnlyList<PromptObject> objects)
    {
        // "the left side of a dog": the side is none of the things that lie there
        var phrases = prompt.Phrases.Where(phrase => phrase.Start + 1 != phrase.End || prompt.Words[phrase.Start] != "side").ToList();
        var relations = new List<ObjectRelation>();
        PromptObject? chained = null;
        for (var i = 0; i + 1 < phrases.Count; i++)
        {
            var (before, after) = (Owner(phrases[i]), Owner(phrases[i + 1]));
            var (words, joined) = Between(prompt, phrases[i], phrases[i + 1]);
            var subject = joined is null ? before : chained ?? (joined == Link.Comma ? before : null);
            var found = subject is not null && after is not null && subject != after ? Read(words) : [];
            relations.AddRange(found.Select(one => new ObjectRelation(subject!, one.Kind, after!, one.Words)));
            chained = found.Count > 0 ? subject : null;
        }

        return relations;

        PromptObject? Owner(NounPhrase phrase) => objects.FirstOrDefault(found => found.Mentions.Contains(phrase));
    }

    /// <summary>The words between two phrases, without the second one's article, and how they go on: null = with the first phrase.</summary>
    private static (List<string> Words, Link? Joined) Between(PromptText prompt, NounPhrase first, NounPhrase second)
    {
        var marks = Enumerable.Range(first.End - 1, Math.Max(0, second.Start - first.End + 1)).Select(prompt.MarkAfter).ToList();
        if (marks.Contains(Mark.Stop))
            return ([], null);
        var words = prompt.Words.Skip(first.End).Take(second.Start - first.End).ToList();
        while (words.Count > 0 && (Words.IsDeterminer(words[^1]) || (words.Count > 1 && Words.MayFollowArticle(words[^1]) && Words.IsDeterminer(words[^2]))))
            words.RemoveAt(words.Count - 1);
        if (words is not ["and" or "but", ..])
            return (words, marks is [Mark.Comma, ..] ? Link.Comma : null);
        words.RemoveAt(0);
        return (words, Link.And);
    }

    /// <summary>One relation, or two of one pair: <c>above and to the left of</c>.</summary>
    private static List<(RelationKind Kind, string Words)> Read(List<string> words)
    {
        var found = new List<(RelationKind, string)>();
        while (RelationWords.AtEnd(words) is var (kind, length))
        {
            found.Insert(0, (kind, string.Join(' ', words.TakeLast(length))));
            words = words[..^length];
            if (words is not [.., "and"] || RelationWords.AtEnd(words[..^1]) is null)
                return words.TrueForAll(RelationWords.MayPrecede) ? found : [];
            words = words[..^1];
        }

        return found;
    }
}
