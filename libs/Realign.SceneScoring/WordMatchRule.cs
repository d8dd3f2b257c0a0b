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
    private readonly List<PromptObject> _objects;
    private readonly HashSet<int> _compoundWords = [];

    /// <summary>A rule for one request.</summary>
    /// <param name="prompt">The prompt.</param>
    /// <param name="tags">All tags of the request: a longer tag claims the words of a shorter one ("hot dog" and "dog").</param>
    /// <param name="knowledge">What may appear together.</param>
    public WordMatchRule(string prompt, IReadOnlyList<string> tags, SceneKnowledge knowledge)
    {
        _prompt = new PromptText(prompt);
        _knowledge = knowledge;
        // "red car" is a car; "hot dog" is no dog
        List<IReadOnlyList<string>> compounds =
            [.. tags.Select(PromptText.Split).Where(name => name.Count > 1 && !name.SkipLast(1).All(Attributes.IsAttribute))];
        foreach (var name in compounds)
        {
            foreach (var last in _prompt.Occurrences(name))
                _compoundWords.UnionWith(Enumerable.Range(last - name.Count + 1, name.Count));
        }

        _objects = PromptObjects.Find(_prompt, compounds);
    }

    internal PromptText Prompt => _prompt;

    /// <summary>The objects of the prompt, backgrounds among them.</summary>
    internal IReadOnlyList<PromptObject> Objects => _objects;

    /// <summary>The first entry of a tag.</summary>
    public SceneEntry Score(string tag) => Entries(tag)[0];

    /// <summary>The entries of a tag: one for each object that it names, else one.</summary>
    public IReadOnlyList<SceneEntry> Entries(string tag)
    {
        var objects = ObjectsOf(tag);
        if (objects.Count > 0)
            return [.. objects.Select(found => Entry(tag, found, EntrySource.Tag))];
        if (Find(tag) is { } place)
            return [new SceneEntry(tag, 2, Describe(place.Word, place.Phrase), EntrySource.Tag, EntityAt(place.Word, place.Phrase), Origin.Rule)];
        return [!IsExcluded(tag) && IsPossible(tag) ? Possible(tag, Origin.Rule) : Absent(tag, Origin.Rule)];
    }

    /// <summary>The prompt's objects that a tag names.</summary>
    internal IReadOnlyList<PromptObject> ObjectsOf(string tag)
    {
        var names = _knowledge.NamesOf(tag.ToLowerInvariant()).Select(PromptText.Split).ToList();
        return [.. _objects.Where(found => names.Exists(name => Names(name, found)))];
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

    /// <summary>An object as the prompt demands it.</summary>
    internal SceneEntry Entry(string tag, PromptObject found, EntrySource source) =>
        new(tag, 2, _prompt.Describe(found), source, found.ToEntity(), Origin.Rule);

    internal static SceneEntry Possible(string tag, Origin origin, string? phrase = null, string repair = "") =>
        new(tag, 0.5f, phrase ?? Neutral(tag), EntrySource.Tag, Alone(tag), origin, repair);

    internal static SceneEntry Absent(string tag, Origin origin, string repair = "") =>
        new(tag, 0, "", EntrySource.Tag, Alone(tag), origin, repair);

    internal string Describe(int word, NounPhrase? phrase) => phrase is null ? _prompt.Words[word] : _prompt.Describe(phrase, word, phrase.Predicates);

    /// <summary>A tag's words in a phrase of which it is not the head, or in none.</summary>
    internal Entity EntityAt(int word, NounPhrase? phrase)
    {
        var noun = Nouns.Singular(_prompt.Words[word]);
        var attributes = phrase is null ? [] : _prompt.AttributesIn(phrase with { Head = word }).ToList();
        return new Entity(noun, attributes, 0, 1, noun != _prompt.Words[word]);
    }

    /// <summary>Two words that say nothing but the tag: "an apple", or a compound tag itself.</summary>
    private static string Neutral(string tag)
    {
        var words = tag.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        if (words.Length == 0)
            return "";
        return words.Length >= 2 ? string.Join(' ', words.TakeLast(2)) : $"{("aeiou".Contains(char.ToLowerInvariant(words[0][0])) ? "an" : "a")} {words[0]}";
    }

    private static Entity Alone(string tag) => new(tag, [], 0, 1, false);

    private bool IsPossible(string tag)
    {
        var noun = _knowledge.TagOf(tag.ToLowerInvariant());
        return _objects.Exists(found => _knowledge.MayAppearWith(_knowledge.TagOf(found.Noun), noun));
    }

    private bool Names(List<string> name, PromptObject found) => found.Mentions.Any(phrase =>
        _prompt.EndsAt(name, phrase.Head)
        && (name.Count == 1 ? !_compoundWords.Contains(phrase.Head) : phrase.Head - name.Count + 1 >= phrase.Start && phrase.Head < phrase.End));

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
