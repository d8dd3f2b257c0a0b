using Realign.Core;
using Realign.Gateway.Places;
using Realign.V1;

namespace Realign.Gateway.Verifying;

/// <summary>The objects that a prompt demands, and what a detector is asked to find of them.</summary>
internal sealed class DemandedObjects
{
    /// <summary>Reads a demand.</summary>
    public DemandedObjects(Demand demand)
    {
        Demand = demand;
        Objects = [.. demand.Entities.Select((entity, index) => new SceneObject(index, new SceneEntry
        {
            Tag = entity.Noun,
            Noun = entity.Noun,
            Score = 2,
            Phrase = entity.Phrase,
            Attributes = { entity.Attributes },
            Count = entity.Count,
            Instance = entity.Instance,
            Plural = entity.Plural,
        }))];
        var described = Objects.GroupBy(item => item.Entry.Noun).Where(group => group.Count() > 1).SelectMany(group => group.Select(item => item.Description));
        Phrases = [.. Objects.Select(item => item.Entry.Noun).Concat(described)
            .Distinct().Where(phrase => phrase.Length <= Limits.PhraseLength).Take(Limits.Phrases)];
    }

    /// <summary>The demand.</summary>
    public Demand Demand { get; }

    /// <summary>Its entities, in order.</summary>
    public IReadOnlyList<SceneObject> Objects { get; }

    /// <summary>
    /// The nouns, then what tells several objects of one noun apart ("red car"); no more than one call may ask for. A detector passes over the
    /// image once a phrase, and is almost as sure of a description whose attribute is wrong: of a single object it would decide nothing.
    /// </summary>
    public IReadOnlyList<string> Phrases { get; }
}
