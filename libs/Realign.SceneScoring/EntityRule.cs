using Realign.SceneScoring.Language;

namespace Realign.SceneScoring;

/// <summary>
/// Entities of a prompt by rules: each noun phrase gives its head and what describes it; abstract and background nouns and excluded
/// objects are left out (CoMat's parser, without a parser).
/// </summary>
public sealed class EntityRule
{
    private readonly PromptText _prompt;
    private readonly List<PromptObject> _objects;

    /// <summary>A rule for one prompt.</summary>
    public EntityRule(string prompt)
    {
        _prompt = new PromptText(prompt);
        _objects = [.. PromptObjects.Find(_prompt, []).Where(found => !found.IsBackground)];
    }

    /// <summary>The entities in the order of the prompt.</summary>
    public IReadOnlyList<Entity> Extract() => [.. _objects.Select(found => found.ToEntity())];

    /// <summary>
    /// Holds a model's answer against the prompt: nouns that it names, attributes that stand with them. Every object that the answer
    /// leaves out comes from the rule; what the prompt excludes (<c>no cat</c>) is none, whatever the answer says.
    /// </summary>
    /// <param name="answer">Nouns as the model wrote them, and their attributes.</param>
    public SceneEntities Complete(IEnumerable<(string Noun, IReadOnlyList<string> Attributes)> answer)
    {
        var named = new Dictionary<PromptObject, IReadOnlyList<string>>();
        var others = new List<(int Word, FoundEntity Found)>();
        foreach (var (name, attributes) in answer)
        {
            var words = PromptText.Split(name);
            var said = attributes.SelectMany(PromptText.Split).Concat(words.SkipLast(1)).ToList();
            var same = _objects.Where(found => words.Count > 0 && !named.ContainsKey(found) && Nouns.Same(_prompt.Words[found.Phrase.Head], words[^1]));
            // of several objects with this noun, the one that the attributes fit best
            if (same.MaxBy(found => said.Count(found.Attributes.Contains)) is { } best)
                named[best] = said;
            else if (Other(words) is { } other && !others.Exists(known => known.Found.Entity.Noun == other.Found.Entity.Noun))
                others.Add(other);
        }

        var all = _objects.Select(found => (Word: found.Phrase.Head, Object: (PromptObject?)found, Found: new FoundEntity(
                found.ToEntity() with { Attributes = Attributes(found, named.GetValueOrDefault(found, [])) },
                _prompt.Describe(found),
                named.ContainsKey(found) ? Origin.Model : Origin.Rule)))
            .Concat(others.Select(other => (other.Word, Object: (PromptObject?)null, other.Found)))
            .OrderBy(pair => pair.Word).ToList();
        var relations = RelationFinder.Find(_prompt, _objects).Select(relation => new SceneRelation(
            all.FindIndex(pair => pair.Object == relation.Subject), relation.Kind, all.FindIndex(pair => pair.Object == relation.Object), relation.Words));
        return new SceneEntities([.. all.Select(pair => pair.Found)], [.. relations], all.Exists(pair => pair.Found.Origin == Origin.Model));
    }

    /// <summary>A noun that the rule takes for a word of another phrase; the model may know better.</summary>
    private (int Word, FoundEntity Found)? Other(List<string> words)
    {
        foreach (var word in _prompt.Occurrences(words))
        {
            var noun = Nouns.Singular(_prompt.Words[word]);
            var isHead = _prompt.Phrases.Any(phrase => phrase.Head == word);
            if (!isHead && _prompt.PhraseAt(word) is { IsExcluded: false } phrase && !Nouns.IsBackground(noun) && !Language.Attributes.IsAttribute(noun))
                return (word, new FoundEntity(new Entity(noun, [], 0, 1, noun != _prompt.Words[word]), _prompt.Describe(phrase, word, []), Origin.Model));
        }

        return null;
    }

    /// <summary>What the rule read, and what the model adds that stands around the noun and belongs to no other object.</summary>
    private List<string> Attributes(PromptObject found, IReadOnlyList<string> said)
    {
        var around = _prompt.WordsAround(found.Phrase, "of");
        var added = said.Where(word =>
            around.Contains(word) && !Nouns.Same(word, found.Noun) && Words.Number(word) == 0 && word is not ("of" or "and" or "or"));
        return [.. found.Attributes.Union(added).OrderBy(Position)];
    }

    private int Position(string word) => _prompt.Words.TakeWhile(other => other != word).Count();
}
