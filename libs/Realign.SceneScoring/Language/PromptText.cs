namespace Realign.SceneScoring.Language;

/// <summary>
/// A prompt cut into words and noun phrases by rules alone. Good enough to hold a model's phrase against, not a parser.
/// </summary>
internal sealed class PromptText
{
    private readonly List<Token> _tokens;
    private readonly List<NounPhrase> _phrases;

    public PromptText(string prompt)
    {
        _tokens = Token.Read(prompt);
        Words = [.. _tokens.Select(token => token.Text)];
        _phrases = PhraseJoiner.Join(_tokens, RunFinder.Find(_tokens));
    }

    /// <summary>Lower-case words without punctuation; a possessive has lost its ending.</summary>
    public IReadOnlyList<string> Words { get; }

    /// <summary>Noun phrases in order.</summary>
    public IReadOnlyList<NounPhrase> Phrases => _phrases;

    /// <summary>Words of any text, as a prompt's.</summary>
    public static List<string> Split(string text) => [.. Token.Read(text).Select(token => token.Text)];

    /// <summary>Places where a name occurs, in whatever number: index of its last word.</summary>
    public IEnumerable<int> Occurrences(IReadOnlyList<string> name)
    {
        if (name.Count == 0)
            yield break;
        for (var last = name.Count - 1; last < Words.Count; last++)
        {
            if (EndsAt(name, last))
                yield return last;
        }
    }

    /// <summary>Whether a name, in whatever number, ends at a word.</summary>
    public bool EndsAt(IReadOnlyList<string> name, int last)
    {
        var first = last - name.Count + 1;
        return name.Count > 0 && first >= 0 && Nouns.Same(Words[last], name[^1])
            && Enumerable.Range(0, name.Count - 1).All(i => Words[first + i] == name[i]);
    }

    /// <summary>The phrase that a word belongs to.</summary>
    public NounPhrase? PhraseAt(int word) => _phrases.Find(phrase => phrase.Start <= word && word < phrase.End);

    /// <summary>The words that describe a phrase's noun in its own span: no counts, no "and".</summary>
    public IEnumerable<string> AttributesIn(NounPhrase phrase) =>
        Span(phrase.Start, phrase.Head < phrase.End ? phrase.Head : phrase.End).Where(word => word is not ("and" or "or") && Language.Words.Number(word) == 0);

    /// <summary>What stands behind a word.</summary>
    public Mark MarkAfter(int word) => _tokens[word].Mark;

    /// <summary>An object as the prompt demands it: what other phrases say of it first, then its own phrase.</summary>
    public string Describe(PromptObject found)
    {
        var own = AttributesIn(found.Phrase).ToHashSet(StringComparer.Ordinal);
        return Describe(found.Phrase, found.Phrase.Head, found.Attributes.Where(attribute => !own.Contains(attribute)));
    }

    /// <summary>A phrase as it is written up to one of its words, a borrowed noun included; words said elsewhere come first.</summary>
    public string Describe(NounPhrase phrase, int upTo, IEnumerable<string> said)
    {
        var words = said.ToList();
        for (var i = phrase.Start; i < phrase.End && i <= upTo; i++)
            words.Add(_tokens[i].Mark == Mark.Comma && i + 1 < phrase.End && i < upTo ? Words[i] + "," : Words[i]);
        if (phrase.Head >= phrase.End)
            words.Add(Words[phrase.Head]);
        return string.Join(' ', words.TakeLast(SceneAnswer.MaxWords));
    }

    /// <summary>Words that may describe a noun: its phrase, what is said of it, and the complement that follows it (<c>a cup of coffee</c>).</summary>
    public HashSet<string> WordsAround(NounPhrase phrase, params ReadOnlySpan<string> links)
    {
        var around = Span(phrase.Start, phrase.End).Concat(phrase.Predicates).Append(Words[phrase.Head]).ToHashSet(StringComparer.Ordinal);
        if (phrase.End < Words.Count && links.Contains(Words[phrase.End])
            && _phrases.Find(next => next.Start > phrase.End) is { IsExcluded: false } complement)
        {
            _ = around.Add(Words[phrase.End]);
            around.UnionWith(Span(complement.Start, complement.End));
        }

        return around;
    }

    private IEnumerable<string> Span(int start, int end) => Words.Skip(start).Take(end - start);
}
