using Realign.Gateway.Places;
using Realign.V1;

namespace Realign.Gateway.Verifying;

/// <summary>
/// Whether an object is there: the segmenter finds a place for it, or the tagger names it. Found by neither although both answered, it is
/// missing. The tagger names kinds, not numbers: it speaks for the first object of its noun, and only where none of them has a place.
/// </summary>
/// <param name="reading">What the readers say.</param>
/// <param name="found">Where the phrases were found; null when the segmenter could not be asked.</param>
internal sealed class PresenceRule(PictureReading reading, FoundPlaces? found)
{
    /// <summary>The evidence for one object.</summary>
    /// <param name="item">The object.</param>
    /// <param name="places">Its places.</param>
    /// <param name="isFirst">Whether it is the first object of its noun.</param>
    /// <param name="isNounPlaced">Whether any object of its noun has a place.</param>
    public IReadOnlyList<Evidence> Read(SceneObject item, IReadOnlyList<Region> places, bool isFirst, bool isNounPlaced)
    {
        var segmenter = Segmenter(item, places);
        return isNounPlaced && places.Count == 0 ? [segmenter] : [Tagger(item, isFirst), segmenter];
    }

    private Evidence Tagger(SceneObject item, bool isFirst)
    {
        var (verdict, text) = reading.Tags is not { } tags ? (Verdict.Unknown, "the tagger could not be asked")
            : !tags.Any(tag => Names(tag, item)) ? (Verdict.Contradicted, $"the tagger names no {item.Entry.Noun}")
            : isFirst ? (Verdict.Confirmed, $"the tagger names {Words.WithArticle(item.Entry.Noun)}")
            : (Verdict.Unknown, $"the tagger names {Words.WithArticle(item.Entry.Noun)}, but not how many");
        return new Evidence { Reader = "tagger", Verdict = verdict, Text = text };
    }

    private Evidence Segmenter(SceneObject item, IReadOnlyList<Region> places)
    {
        var noun = item.Entry.Noun;
        var (verdict, text) = found is null || reading.Grounded is not { } grounded ? (Verdict.Unknown, "the segmenter could not be asked")
            : places.Count > 0 ? (Verdict.Confirmed,
                FormattableString.Invariant($"the segmenter finds {Words.WithArticle(noun)} ({places.Max(place => place.Score):0.00})"))
            : Note(noun, grounded) is { } note ? (Verdict.Unknown, note)
            : found.RivalOf(noun) is { } rival ? (Verdict.Contradicted, $"what the segmenter finds for it is the {rival}")
            : (Verdict.Contradicted, found.Of(noun).Count > 0
                ? FormattableString.Invariant($"the segmenter finds no more than {found.Of(noun).Count} {noun}")
                : $"the segmenter finds no {noun}");
        return new Evidence { Reader = "segmenter", Verdict = verdict, Text = text };
    }

    /// <summary>Why a noun could not be looked for; null when it was.</summary>
    private string? Note(string noun, IReadOnlyList<GroundedPhrase> grounded)
    {
        var index = reading.Phrases.ToList().IndexOf(noun);
        return index < 0 ? "the prompt has more objects than the segmenter looks for"
            : grounded[index].Note.Length > 0 ? grounded[index].Note
            : null;
    }

    /// <summary>A tag is the noun, or the noun with words that the prompt puts before it: "teddy bear" for a brown teddy bear.</summary>
    private static bool Names(string tag, SceneObject item)
    {
        var words = Words.Split(tag);
        var demanded = Words.Split(item.Description);
        var noun = Words.Split(item.Entry.Noun);
        return words.Count >= noun.Count && words.Count <= demanded.Count && Words.IsNoun(words[^1], demanded[^1])
            && words.SkipLast(1).SequenceEqual(demanded.Skip(demanded.Count - words.Count).SkipLast(1));
    }
}
