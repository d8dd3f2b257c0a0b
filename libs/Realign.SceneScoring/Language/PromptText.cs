using System.Text.RegularExpressions;

namespace Realign.SceneScoring.Language;

/// <summary>
/// A prompt cut into words and noun phrases by rules alone: determiners and numbers open a phrase, prepositions, conjunctions, verbs of a
/// short list and punctuation close it. Good enough to hold a model's phrase against, not a parser.
/// </summary>
internal sealed partial class PromptText
{
    private readonly List<string> _words = [];
    private readonly HashSet<int> _punctuated = [];
    private readonly List<NounPhrase> _phrases = [];

    public PromptText(string prompt)
    {
        foreach (Match match in Token().Matches(prompt.ToLowerInvariant()))
        {
            if (match.Groups["word"].Success)
                _words.Add(Bare(match.Value));
            else if (_words.Count > 0)
                _ = _punctuated.Add(_words.Count - 1);
        }

        FindPhrases();
    }

    /// <summary>Lower-case words without punctuation; a possessive has lost its ending.</summary>
    public IReadOnlyList<string> Words => _words;

    /// <summary>Noun phrases in order.</summary>
    public IReadOnlyList<NounPhrase> Phrases => _phrases;

    /// <summary>Words of any text, as a prompt's.</summary>
    public static List<string> Split(string text) =>
        [.. Token().Matches(text.ToLowerInvariant()).Where(match => match.Groups["word"].Success).Select(match => Bare(match.Value))];

    /// <summary>Places where a name occurs, in whatever number: index of its last word.</summary>
    public IEnumerable<int> Occurrences(IReadOnlyList<string> name)
    {
        if (name.Count == 0)
            yield break;
        for (var last = name.Count - 1; last < _words.Count; last++)
        {
            if (!Language.Words.SameNoun(_words[last], name[^1]))
                continue;
            var first = last - name.Count + 1;
            if (Enumerable.Range(0, name.Count - 1).All(i => _words[first + i] == name[i]))
                yield return last;
        }
    }

    /// <summary>The phrase that a word belongs to.</summary>
    public NounPhrase? PhraseAt(int word) => _phrases.Find(phrase => phrase.Start <= word && word < phrase.End);

    /// <summary>The words of a phrase up to one of them, later said words first: what the rule itself would answer.</summary>
    public string Describe(NounPhrase phrase, int upTo)
    {
        var words = phrase.Predicates.Concat(_words.Skip(phrase.Start).Take(upTo + 1 - phrase.Start)).ToList();
        return string.Join(' ', words.TakeLast(SceneAnswer.MaxWords));
    }

    /// <summary>Words that may describe a noun: its phrase, what is said of it, and the complement that follows it (<c>a cup of coffee</c>).</summary>
    public HashSet<string> WordsAround(NounPhrase phrase)
    {
        var around = _words.Skip(phrase.Start).Take(phrase.End - phrase.Start).Concat(phrase.Predicates).ToHashSet(StringComparer.Ordinal);
        if (phrase.End < _words.Count && _words[phrase.End] is "of" or "with" or "in" && _phrases.Find(next => next.Start > phrase.End) is { IsExcluded: false } complement)
        {
            _ = around.Add(_words[phrase.End]);
            around.UnionWith(_words.Skip(complement.Start).Take(complement.End - complement.Start));
        }

        return around;
    }

    private void FindPhrases()
    {
        var start = -1;
        var excluded = false;
        for (var i = 0; i < _words.Count; i++)
        {
            var word = _words[i];
            if (Language.Words.IsCopula(word) || (word == "that" && i + 1 < _words.Count && Language.Words.IsCopula(_words[i + 1])))
            {
                Close(i);
                i = Predicate(word == "that" ? i + 2 : i + 1, isRelative: word == "that") - 1;
                continue;
            }

            var opens = Language.Words.IsDeterminer(word) || Language.Words.Number(word) > 0;
            if (opens || Language.Words.IsBoundary(word) || IsVerb(i, start))
            {
                Close(i);
                excluded = Language.Words.IsNegation(word) || (excluded && opens);
                if (Language.Words.Number(word) > 0)
                    start = i;
            }
            else if (start < 0)
            {
                start = i;
            }

            if (_punctuated.Contains(i))
                Close(i + 1);
        }

        Close(_words.Count);

        void Close(int end)
        {
            // a number alone names nothing
            if (start >= 0 && end > start && Language.Words.Number(_words[end - 1]) == 0)
            {
                _phrases.Add(new NounPhrase(start, end, excluded, []));
                excluded = false;
            }

            start = -1;
        }
    }

    /// <summary>A participle after a noun goes on with the sentence; after a determiner it describes.</summary>
    private bool IsVerb(int index, int start)
    {
        var word = _words[index];
        var isParticiple = word.Length > 4 && (word.EndsWith("ing", StringComparison.Ordinal) || word.EndsWith("ed", StringComparison.Ordinal));
        if (!isParticiple)
            return false;
        var continues = index + 1 < _words.Count
            && (Language.Words.IsDeterminer(_words[index + 1]) || Language.Words.IsBoundary(_words[index + 1]) || Language.Words.Number(_words[index + 1]) > 0);
        if (start >= 0)
            return continues || index + 1 == _words.Count;
        var afterDeterminer = index > 0 && Language.Words.IsDeterminer(_words[index - 1]);
        return !afterDeterminer && index > 0 && (continues || _words[index - 1] == "while");
    }

    /// <summary>Reads what is said after "is"; belongs to the nearest phrase after "that is", else to the clause's first.</summary>
    /// <returns>Index of the first word that is not part of it.</returns>
    private int Predicate(int index, bool isRelative)
    {
        var said = new List<string>();
        while (index < _words.Count && (_words[index] == "very" || !(Language.Words.IsBoundary(_words[index]) || Language.Words.IsDeterminer(_words[index]) || Language.Words.Number(_words[index]) > 0)))
        {
            if (_words[index] != "very")
                said.Add(_words[index]);
            index++;
            if (_punctuated.Contains(index - 1))
                break;
        }

        if (_phrases.Count == 0 || said.Count is 0 or > 4 || said[0].EndsWith("ing", StringComparison.Ordinal))
            return index;
        var owner = _phrases.Count - 1;
        while (!isRelative && owner > 0 && !StartsClause(_phrases[owner]))
            owner--;
        _phrases[owner] = _phrases[owner] with { Predicates = said };
        return index;
    }

    private bool StartsClause(NounPhrase phrase)
    {
        var before = phrase.Start - 1;
        if (before >= 0 && Language.Words.IsDeterminer(_words[before]))
            before--;
        return before < 0 || _punctuated.Contains(before) || _words[before] is "and" or "but" or "while";
    }

    private static string Bare(string word) =>
        word.EndsWith("'s", StringComparison.Ordinal) || word.EndsWith("’s", StringComparison.Ordinal) ? word[..^2] : word;

    [GeneratedRegex(@"(?<word>[\p{L}\p{M}\p{N}]+(?:[-'’][\p{L}\p{M}\p{N}]+)*)|\S", RegexOptions.CultureInvariant)]
    private static partial Regex Token();
}
