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
        Phrases = [.. Objects.Select(item => item.Entry.Noun).Concat(Objects.Select(item => item.Description))
            .Distinct().Where(phrase => phrase.Length <= Limits.PhraseLength).Take(Limits.Phrases)];
    }

    /// <summary>The demand.</summary>
    public Demand Demand { get; }

    /// <summary>Its entities, in order.</summary>
    public IReadOnlyList<SceneObject> Objects { get; }

    /// <summary>The nouns, then the nouns with their attributes ("red car"); no more than one call may ask for.</summary>
    public IReadOnlyList<string> Phrases { get; }
}
