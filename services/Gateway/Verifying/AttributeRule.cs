using System.Globalization;
using Realign.Gateway.Places;
using Realign.V1;

namespace Realign.Gateway.Verifying;

/// <summary>
/// Whether an object has an attribute that the prompt demands. Two readers may speak of it:
/// <list type="bullet">
/// <item>the colors inside the mask, where the segmenter can name them and the attribute is a color. They win: they are counted on the
/// object's own pixels, while a caption is a sentence about the whole image that mixes up exactly the colors this is about;</item>
/// <item>the caption, where the mask's colors say nothing.</item>
/// </list>
/// A detector that was asked for "red car" is no reader of colors: it is almost as sure of a description whose attribute is wrong. An attribute
/// that nobody can read is UNKNOWN.
/// </summary>
/// <param name="caption">The caption; null when it was not or could not be read.</param>
/// <param name="colors">Which words are colors.</param>
internal sealed class AttributeRule(string? caption, ColorWords colors)
{
    /// <summary>Smallest share of a mask that counts as being of a color; edges, eyes and wheels stay below.</summary>
    private const double LeastShare = 0.1;

    /// <summary>How much larger the share of another color must be to contradict.</summary>
    private const double ClearMargin = 0.2;

    /// <summary>Reads one attribute of an object that is there, or has places at least.</summary>
    /// <param name="item">The object.</param>
    /// <param name="attribute">One of its attributes.</param>
    /// <param name="places">Its places; none when only the tagger names it.</param>
    /// <param name="objects">How many objects of the demand have its noun.</param>
    public AttributeVerdict Read(SceneObject item, string attribute, IReadOnlyList<Region> places, int objects)
    {
        var verdict = new AttributeVerdict { Attribute = attribute, Verdict = Verdict.Unknown };
        foreach (var evidence in new[] { Color(item, attribute, places), Caption(item, attribute, objects) })
        {
            if (evidence is null)
                continue;
            verdict.Evidence.Add(evidence);
            // in the order of their weight: the first one that knows decides
            if (verdict.Verdict == Verdict.Unknown)
                verdict.Verdict = evidence.Verdict;
        }

        return verdict;
    }

    /// <summary>The colors inside the masks; null when there are none or the attribute is none that could be named.</summary>
    private Evidence? Color(SceneObject item, string attribute, IReadOnlyList<Region> places)
    {
        if (!colors.IsNamed(attribute) || places.Count == 0 || places.Any(place => place.Colors.Count == 0))
            return null;
        var verdicts = places.Select(place => ColorOf(place, item, attribute)).ToList();
        var shown = Math.Max(0, verdicts.FindIndex(verdict => verdict != Verdict.Confirmed));
        return new Evidence { Reader = "color", Verdict = Verdicts.All(verdicts), Text = Describe(places[shown]) };
    }

    private static Verdict ColorOf(Region place, SceneObject item, string attribute)
    {
        var own = place.Colors.Where(color => ColorWords.Same(color.Name, attribute)).Sum(color => color.Share);
        // of "a black and white cat" neither color contradicts the other
        var other = place.Colors.Where(color => !item.Entry.Attributes.Any(demanded => ColorWords.Same(color.Name, demanded)))
            .Select(color => color.Share).DefaultIfEmpty(0).Max();
        return own >= LeastShare && own > other ? Verdict.Confirmed
            : other - own >= ClearMargin ? Verdict.Contradicted
            : Verdict.Unknown;
    }

    private static string Describe(Region place) => "the mask is " + string.Join(", ", place.Colors.OrderByDescending(color => color.Share).Take(2)
        .Where((color, index) => index == 0 || color.Share >= LeastShare)
        .Select(color => string.Create(CultureInfo.InvariantCulture, $"{color.Share * 100:0} % {color.Name}")));

    private Evidence? Caption(SceneObject item, string attribute, int objects)
    {
        if (caption is null)
            return null;
        var noun = item.Entry.Noun;
        var mentions = CaptionMention.Of(caption, noun, colors);
        if (mentions.Any(mention => mention.Descriptions.Any(word => ColorWords.Same(word, attribute))))
            return new Evidence { Reader = "caption", Verdict = Verdict.Confirmed, Text = $"the caption has {Words.WithArticle($"{attribute} {noun}")}" };
        // a caption that names fewer of them than the prompt may have left this one out
        var others = mentions.Select(mention => mention.Descriptions.FirstOrDefault(colors.Contains)).ToList();
        return colors.Contains(attribute) && mentions.Count >= objects && others.TrueForAll(color => color is not null)
            ? new Evidence
            {
                Reader = "caption",
                Verdict = Verdict.Contradicted,
                Text = $"the caption has {string.Join(", ", others.Select(color => Words.WithArticle($"{color} {noun}")))}",
            }
            : new Evidence
            {
                Reader = "caption",
                Verdict = Verdict.Unknown,
                Text = mentions.Count == 0 ? $"the caption does not name the {noun}" : $"the caption does not say whether the {noun} is {attribute}",
            };
    }
}
