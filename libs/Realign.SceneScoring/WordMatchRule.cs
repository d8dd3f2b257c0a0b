using Realign.SceneScoring.Language;

namespace Realign.SceneScoring;

/// <summary>
/// Answers without a model: 2 if the prompt names the tag (or a synonym, in whatever number), 0 if it excludes it, 0.5 if the table of
/// what may appear together says so, else 0. The fallback, and the baseline that every model is reported against.
/// </summary>
public sealed class WordMatchRule
{
    private readonly PromptText _prompt;
    private readonly SceneKnowledge _knowledge;
    private readonly IReadOnlyList<string> _tags;
    private readonly HashSet<int> _compoundWords = [];

    /// <summary>A rule for one request.</summary>
    /// <param name="prompt">The prompt.</param>
    /// <param name="tags">All tags of the request: a longer tag claims the words of a shorter one ("hot dog" and "dog").</param>
    /// <param name="knowledge">What may appear together.</param>
    public WordMatchRule(string prompt, IReadOnlyList<string> tags, SceneKnowledge knowledge)
    {
        _prompt = new PromptText(prompt);
        _tags = tags;
        _knowledge = knowledge;
        foreach (var name in tags.Select(PromptText.Split).Where(name => name.Count > 1))
        {
            foreach (var last in _prompt.Occurrences(name))
                _compoundWords.UnionWith(Enumerable.Range(last - name.Count + 1, name.Count));
        }
    }

    internal PromptText Prompt => _prompt;

    /// <summary>The entry of a tag.</summary>
    public SceneEntry Score(string tag)
    {
        if (Find(tag) is { } found)
            return new SceneEntry(tag, 2, found.Phrase is { } phrase ? _prompt.Describe(phrase, found.Word) : _prompt.Words[found.Word], EntrySource.Tag);
        if (IsExcluded(tag))
            return new SceneEntry(tag, 0, "", EntrySource.Tag);
        var noun = _knowledge.TagOf(tag.ToLowerInvariant());
        var possible = _prompt.Phrases.Where(phrase => !phrase.IsExcluded)
            .Any(phrase => _knowledge.MayAppearWith(_knowledge.TagOf(Words.Singular(_prompt.Words[phrase.End - 1])), noun));
        return possible ? new SceneEntry(tag, 0.5f, Neutral(tag), EntrySource.Tag) : new SceneEntry(tag, 0, "", EntrySource.Tag);
    }

    /// <summary>Objects that the prompt names and no tag covers.</summary>
    public IEnumerable<SceneEntry> Missing()
    {
        var named = new HashSet<string>(StringComparer.Ordinal);
        foreach (var phrase in _prompt.Phrases)
        {
            var noun = Words.Singular(_prompt.Words[phrase.End - 1]);
            if (!phrase.IsExcluded && !Words.IsBackground(noun) && !IsCovered(phrase) && named.Add(noun))
                yield return new SceneEntry(noun, 2, _prompt.Describe(phrase, phrase.End - 1), EntrySource.Missing);
        }
    }

    /// <summary>Two words that say nothing but the tag: "an apple", or a compound tag itself.</summary>
    internal static string Neutral(string tag)
    {
        var words = tag.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        if (words.Length == 0)
            return "";
        return words.Length >= 2 ? string.Join(' ', words.TakeLast(2)) : $"{("aeiou".Contains(char.ToLowerInvariant(words[0][0])) ? "an" : "a")} {words[0]}";
    }

    /// <summary>Where the prompt names a tag without excluding it.</summary>
    internal (int Word, NounPhrase? Phrase)? Find(string tag)
    {
        foreach (var (word, phrase) in Places(tag))
        {
            if (phrase is not { IsExcluded: true })
                return (word, phrase);
        }

        return null;
    }

    /// <summary>Whether the prompt names a tag only to exclude it.</summary>
    internal bool IsExcluded(string tag) => Find(tag) is null && Places(tag).Any();

    internal bool IsCovered(NounPhrase phrase) => _tags.Any(tag => Places(tag).Any(place => place.Phrase == phrase));

    private IEnumerable<(int Word, NounPhrase? Phrase)> Places(string tag)
    {
        foreach (var name in _knowledge.NamesOf(tag.ToLowerInvariant()).Select(PromptText.Split))
        {
            foreach (var word in _prompt.Occurrences(name))
            {
                if (name.Count > 1 || !_compoundWords.Contains(word))
                    yield return (word, _prompt.PhraseAt(word));
            }
        }
    }
}
