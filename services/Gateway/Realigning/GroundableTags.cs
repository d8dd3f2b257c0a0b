using Realign.Core;
using Realign.Core.Text;
using Realign.V1;

namespace Realign.Gateway.Realigning;

/// <summary>The tags that are worth asking the scene scorer about.</summary>
internal static class GroundableTags
{
    /// <summary>
    /// Names of the tags that a detector can look for, in the tagger's order, each once (after NFC and case folding). Of more than 200
    /// the most probable ones.
    /// </summary>
    public static IEnumerable<string> Select(IEnumerable<Tag> tags)
    {
        var usable = tags
            .Where(tag => tag.Groundable && tag.Name.Length is > 0 and <= Limits.TagLength)
            .DistinctBy(tag => CanonicalForm.Compose(tag.Name).ToUpperInvariant())
            .ToList();
        if (usable.Count <= Limits.Tags)
            return usable.Select(tag => tag.Name);
        var kept = usable.OrderByDescending(tag => tag.HasProbability ? tag.Probability : 0).Take(Limits.Tags).ToHashSet();
        return usable.Where(kept.Contains).Select(tag => tag.Name);
    }
}
