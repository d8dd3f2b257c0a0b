using System.Text;
using Realign.V1;

namespace Realign.Gateway.Realigning;

/// <summary>The tags that are worth asking the scene scorer about.</summary>
internal static class GroundableTags
{
    /// <summary>Most tags that ScoreScene takes.</summary>
    private const int MaxTags = 200;

    /// <summary>Longest tag that ScoreScene takes.</summary>
    private const int MaxTagLength = 64;

    /// <summary>
    /// Names of the tags that a detector can look for, in the tagger's order, each once (after NFC and case folding). Of more than 200
    /// the most probable ones.
    /// </summary>
    public static IEnumerable<string> Select(IEnumerable<Tag> tags)
    {
        var usable = tags
            .Where(tag => tag.Groundable && tag.Name.Length is > 0 and <= MaxTagLength)
            .DistinctBy(tag => tag.Name.Normalize(NormalizationForm.FormC).ToUpperInvariant())
            .ToList();
        if (usable.Count <= MaxTags)
            return usable.Select(tag => tag.Name);
        var kept = usable.OrderByDescending(tag => tag.HasProbability ? tag.Probability : 0).Take(MaxTags).ToHashSet();
        return usable.Where(kept.Contains).Select(tag => tag.Name);
    }
}
