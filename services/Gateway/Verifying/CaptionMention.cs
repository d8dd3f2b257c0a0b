namespace Realign.Gateway.Verifying;

/// <summary>One place of a caption at which a noun stands.</summary>
/// <param name="Descriptions">What the caption says of it, folded: the words before it in its phrase, and those after "is" or "are".</param>
internal sealed record CaptionMention(IReadOnlyList<string> Descriptions)
{
    // what ends a phrase: articles, prepositions, conjunctions, verbs of captions
    private static readonly HashSet<string> _ends =
    [
        "a", "an", "the", "and", "or", "but", "with", "without", "of", "in", "on", "at", "by", "to", "from", "over", "above", "under", "below", "beneath",
        "beside", "behind", "near", "next", "between", "left", "right", "is", "are", "that", "which", "while", "sitting", "standing", "no", "not",
    ];

    /// <summary>The mentions of a noun.</summary>
    /// <param name="caption">The caption.</param>
    /// <param name="noun">In the singular; may be of several words.</param>
    /// <param name="colors">Which words are colors.</param>
    public static IReadOnlyList<CaptionMention> Of(string caption, string noun, ColorWords colors)
    {
        var words = Words.Split(caption);
        var parts = Words.Split(noun);
        var mentions = new List<CaptionMention>();
        for (var end = parts.Count; end <= words.Count; end++)
        {
            var start = end - parts.Count;
            if (Words.IsNoun(words[end - 1], parts[^1]) && words.Skip(start).Take(parts.Count - 1).SequenceEqual(parts.SkipLast(1)))
                mentions.Add(new CaptionMention([.. Before(words, start, colors), .. After(words, end, colors)]));
        }

        return mentions;
    }

    /// <summary>Backwards to the end of the phrase; "black and white" is one description.</summary>
    private static IEnumerable<string> Before(List<string> words, int start, ColorWords colors)
    {
        for (var i = start - 1; i >= 0; i--)
        {
            var joinsColors = words[i] is "and" or "," && i > 0 && colors.Contains(words[i - 1]) && colors.Contains(words[i + 1]);
            if (joinsColors)
                continue;
            if (_ends.Contains(words[i]) || !char.IsLetterOrDigit(words[i][0]))
                yield break;
            yield return words[i];
        }
    }

    /// <summary>"The car is red": the colors right after it.</summary>
    private static IEnumerable<string> After(List<string> words, int end, ColorWords colors) =>
        end < words.Count && words[end] is "is" or "are"
            ? words.Skip(end + 1).TakeWhile(word => word == "and" || colors.Contains(word)).Where(word => word != "and")
            : [];
}
