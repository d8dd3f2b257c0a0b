using Realign.Gateway.Places;
using Realign.V1;

namespace Realign.Gateway.Verifying;

/// <summary>
/// Whether an object is there. The segmenter decides where it is sure: with a score of 0.5 or more, the detector's own "rather than not". Where it is
/// less sure, or could not be asked, the tagger has to name the object too. What one of them finds and the other does not is UNKNOWN, and what neither
/// does is missing. The tagger names kinds, not numbers: it speaks for the first object of its noun, and of the others only where they have places.
/// </summary>
/// <param name="reading">What the readers say.</param>
/// <param name="found">Where the phrases were found; null when the segmenter could not be asked.</param>
internal sealed class PresenceRule(PictureReading reading, FoundPlaces? found)
{
    /// <summary>
    /// Score from which on a place needs no second reader. (A detector asked for what is not there marks what comes nearest to it, with a small score.)
    /// </summary>
    private const double Sure = 0.5;

    /// <summary>The verdict on one object, and its evidence.</summary>
    /// <param name="item">The object.</param>
    /// <param name="places">Its places.</param>
    /// <param name="isFirst">Whether it is the first object of its noun.</param>
    /// <param name="isNounPlaced">Whether any object of its noun has a place.</param>
    public (Verdict Verdict, IReadOnlyList<Evidence> Evidence) Read(SceneObject item, IReadOnlyList<Region> places, bool isFirst, bool isNounPlaced)
    {
        var segmenter = Segmenter(item, places);
        // the others have places: the tagger cannot tell that this one has none
        if (isNounPlaced && places.Count == 0)
            return (segmenter.Verdict, [segmenter]);
        if (Tagger(item, isFirst || places.Count > 0) is not { } tagger)
            return (segmenter.Verdict == Verdict.Confirmed ? Verdict.Confirmed : Verdict.Unknown, [segmenter]);
        var verdict = segmenter.Verdict == Verdict.Unknown && tagger.Verdict == Verdict.Confirmed ? Verdict.Confirmed
            : segmenter.Verdict == Verdict.Contradicted && tagger.Verdict != Verdict.Contradicted ? Verdict.Unknown
            : segmenter.Verdict;
        return (verdict, [tagger, segmenter]);
    }

    /// <summary>What the tags say; null when there are none.</summary>
    private Evidence? Tagger(SceneObject item, bool mayCount)
    {
        if (reading.Tags is not { } tags)
            return null;
        var (verdict, text) = !tags.Any(tag => Names(tag, item)) ? (Verdict.Contradicted, $"the tagger names no {item.Entry.Noun}")
            : mayCount ? (Verdict.Confirmed, $"the tagger names {Words.WithArticle(item.Entry.Noun)}")
            : (Verdict.Unknown, $"the tagger names {Words.WithArticle(item.Entry.Noun)}, but not how many");
        return new Evidence { Reader = "tagger", Verdict = verdict, Text = text };
    }

    private Evidence Segmenter(SceneObject item, IReadOnlyList<Region> places)
    {
        var noun = item.Entry.Noun;
        var (verdict, text) = found is null || reading.Grounded is not { } grounded ? (Verdict.Unknown, "the segmenter could not be asked")
            : places.Count > 0 ? OfScore(noun, places.Max(place => place.Score))
            : Note(noun, grounded) is { } note ? (Verdict.Unknown, note)
            : found.RivalOf(noun) is { } rival ? (Verdict.Contradicted, $"what the segmenter finds for it is the {rival}")
            : (Verdict.Contradicted, found.Of(noun).Count > 0
                ? FormattableString.Invariant($"the segmenter finds no more than {found.Of(noun).Count} {noun}")
                : $"the segmenter finds no {noun}");
        return new Evidence { Reader = "segmenter", Verdict = verdict, Text = text };
    }

    private static (Verdict Verdict, string Text) OfScore(string noun, float score) => score >= Sure
        ? (Verdict.Confirmed, FormattableString.Invariant($"the segmenter finds {Words.WithArticle(noun)} ({score:0.00})"))
        : (Verdict.Unknown, FormattableString.Invariant($"the segmenter finds {Words.WithArticle(noun)}, but is not sure ({score:0.00})"));

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
