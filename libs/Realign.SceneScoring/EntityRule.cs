using Realign.SceneScoring.Language;

namespace Realign.SceneScoring;

/// <summary>
/// Entities of a prompt by rules: each noun phrase gives its head and what describes it, abstract and background nouns and excluded
/// objects are left out, a repeated noun counts once (CoMat's parser, without a parser).
/// </summary>
public sealed class EntityRule
{
    private readonly PromptText _prompt;

    /// <summary>A rule for one prompt.</summary>
    public EntityRule(string prompt) => _prompt = new PromptText(prompt);

    /// <summary>The entities in the order of the prompt.</summary>
    public IReadOnlyList<Entity> Extract()
    {
        var entities = new List<Entity>();
        foreach (var phrase in _prompt.Phrases)
        {
            var entity = Of(phrase);
            if (!phrase.IsExcluded && !Words.IsBackground(entity.Noun) && !entities.Exists(other => other.Noun == entity.Noun))
                entities.Add(entity);
        }

        return entities;
    }

    /// <summary>Keeps of a model's answer what the prompt says: nouns that it names, attributes that stand with them.</summary>
    /// <param name="answer">Noun as the model wrote it, and its attributes.</param>
    public IReadOnlyList<Entity> Keep(IEnumerable<(string Noun, IReadOnlyList<string> Attributes)> answer)
    {
        var kept = new List<Entity>();
        foreach (var (name, attributes) in answer)
        {
            var words = PromptText.Split(name);
            var last = _prompt.Occurrences(words).Where(word => _prompt.PhraseAt(word) is { IsExcluded: false }).Cast<int?>().FirstOrDefault();
            if (last is not { } word || _prompt.PhraseAt(word) is not { } phrase)
                continue;
            var noun = Words.Singular(_prompt.Words[word]);
            if (Words.IsBackground(noun) || kept.Exists(entity => entity.Noun == noun))
                continue;
            var around = _prompt.WordsAround(phrase);
            var own = attributes.SelectMany(PromptText.Split).Concat(words.SkipLast(1))
                .Where(attribute => around.Contains(attribute) && Words.Number(attribute) == 0 && !Words.SameNoun(attribute, noun)).Distinct().ToList();
            own.Sort((left, right) => Position(left).CompareTo(Position(right)));
            kept.Add(new Entity(noun, own, Of(phrase).Count));
        }

        return kept;
    }

    private Entity Of(NounPhrase phrase)
    {
        var words = _prompt.Words.Skip(phrase.Start).Take(phrase.End - phrase.Start).ToList();
        var count = words.Select(Words.Number).FirstOrDefault(number => number > 0);
        return new Entity(Words.Singular(words[^1]), [.. words.SkipLast(1).Where(word => Words.Number(word) == 0), .. phrase.Predicates], count);
    }

    private int Position(string word) => _prompt.Words.TakeWhile(other => other != word).Count();
}
