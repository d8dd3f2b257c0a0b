namespace Realign.Diffusion.FineStage;

/// <summary>Finds the tokens of phrases in the tokens of a prompt (without begin, end and padding).</summary>
public static class PhraseSpans
{
    /// <summary>The first place where the phrase's ids occur, even inside words or where another phrase is: DenseDiffusion's rule.</summary>
    public static PhraseSpan? FirstMatch(IReadOnlyList<int> prompt, IReadOnlyList<int> phrase)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        ArgumentNullException.ThrowIfNull(phrase);
        return Places(prompt, phrase).Select(at => new PhraseSpan(at + 1, phrase.Count)).FirstOrDefault();
    }

    /// <summary>A place of its own for each phrase: whole words only, longest phrases first, the first free match.</summary>
    /// <param name="prompt">Ids of the prompt.</param>
    /// <param name="phrases">Ids of the phrases.</param>
    /// <param name="endsWord">Whether an id ends a word.</param>
    /// <returns>One per phrase; null = does not occur, or only where others are.</returns>
    public static IReadOnlyList<PhraseSpan?> Find(IReadOnlyList<int> prompt, IReadOnlyList<IReadOnlyList<int>> phrases, Func<int, bool> endsWord)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        ArgumentNullException.ThrowIfNull(phrases);
        ArgumentNullException.ThrowIfNull(endsWord);
        var free = Enumerable.Repeat(true, prompt.Count).ToArray();
        var spans = new PhraseSpan?[phrases.Count];
        foreach (var index in Enumerable.Range(0, phrases.Count).OrderByDescending(i => phrases[i].Count).ThenBy(i => i))
        {
            var length = phrases[index].Count;
            foreach (var at in Places(prompt, phrases[index]))
            {
                if ((at > 0 && !endsWord(prompt[at - 1])) || !endsWord(prompt[at + length - 1]) || !free.AsSpan(at, length).ToArray().All(isFree => isFree))
                    continue;
                free.AsSpan(at, length).Clear();
                spans[index] = new PhraseSpan(at + 1, length);
                break;
            }
        }

        return spans;
    }

    /// <summary>Which missing phrases fit behind the prompt, each after one separating token. While they do not fit, the lowest score goes, the later of
    /// equals.</summary>
    /// <param name="promptLength">Tokens of the prompt.</param>
    /// <param name="missing">Indices of phrases without a place, in order.</param>
    /// <param name="lengths">Tokens of each phrase.</param>
    /// <param name="scores">Score of each phrase.</param>
    /// <param name="limit">Tokens that fit.</param>
    /// <returns>The phrases to append, in order.</returns>
    public static IReadOnlyList<int> Fitting(int promptLength, IReadOnlyList<int> missing, IReadOnlyList<int> lengths, IReadOnlyList<double> scores, int limit)
    {
        ArgumentNullException.ThrowIfNull(missing);
        var kept = missing.ToList();
        while (kept.Count > 0 && promptLength + kept.Sum(index => lengths[index] + 1) > limit)
            kept.Remove(kept.OrderBy(index => scores[index]).ThenByDescending(index => index).First());
        return kept;
    }

    private static IEnumerable<int> Places(IReadOnlyList<int> prompt, IReadOnlyList<int> phrase)
    {
        for (var at = 0; phrase.Count > 0 && at + phrase.Count <= prompt.Count; at++)
        {
            if (Enumerable.Range(0, phrase.Count).All(i => prompt[at + i] == phrase[i]))
                yield return at;
        }
    }
}
