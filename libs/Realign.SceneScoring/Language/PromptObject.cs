namespace Realign.SceneScoring.Language;

/// <summary>One object of a prompt: every phrase that speaks of it, and what they say.</summary>
internal sealed class PromptObject(string noun, NounPhrase phrase, int count, bool isPlural, int instance)
{
    private readonly List<NounPhrase> _mentions = [phrase];
    private readonly List<string> _attributes = [];

    /// <summary>Singular; a compound that a tag names has all its words.</summary>
    public string Noun { get; } = noun;

    /// <summary>The first phrase that names it.</summary>
    public NounPhrase Phrase => _mentions[0];

    /// <summary>All phrases that name it.</summary>
    public IReadOnlyList<NounPhrase> Mentions => _mentions;

    /// <summary>What describes it, in the order of the prompt.</summary>
    public IReadOnlyList<string> Attributes => _attributes;

    /// <summary>A place, a time or a style: answered as a tag, but no object.</summary>
    public bool IsBackground { get; } = Nouns.IsBackground(noun);

    /// <summary>As others see it.</summary>
    public Entity ToEntity() => new(Noun, _attributes, count, instance, isPlural);

    /// <summary>Adds what a phrase says of it.</summary>
    public void Describe(IEnumerable<string> attributes) => _attributes.AddRange(attributes.Except(_attributes).ToList());

    /// <summary>Adds a further phrase that names it.</summary>
    public void Mention(NounPhrase phrase) => _mentions.Add(phrase);

    /// <summary>Whether a later phrase may speak of this one: it says nothing else of it and no other number.</summary>
    public bool MayBe(IReadOnlyList<string> attributes, int otherCount) =>
        (otherCount == 0 || count == 0 || otherCount == count) && (_attributes.Count == 0 || !attributes.Except(_attributes).Any());
}
