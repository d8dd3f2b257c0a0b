using System.Globalization;
using Realign.V1;

namespace Realign.Cli.Verifying;

/// <summary>What an image shows of one object or relation of the demand, in words.</summary>
/// <param name="Subject">What is demanded, e.g. "a red car".</param>
/// <param name="Verdict">The verdict.</param>
/// <param name="Word">The verdict as a word: right, wrong, missing, not known.</param>
/// <param name="Found">How many were found, and of how many where the prompt gives a number; empty for a relation.</param>
/// <param name="Why">What decided, e.g. "not pink: the mask is 91 % blue".</param>
/// <param name="Attributes">The attributes that are demanded, and the verdict on each.</param>
/// <param name="Evidence">Everything the readers say, as "reader: words".</param>
internal sealed record Finding(
    string Subject, Verdict Verdict, string Word, string Found, string Why, IReadOnlyList<AttributeVerdict> Attributes, IReadOnlyList<string> Evidence)
{
    /// <summary>The findings of an image: its objects, then its relations.</summary>
    /// <param name="demand">What the prompt demands; null = unknown.</param>
    /// <param name="verification">What the image shows of it.</param>
    public static IReadOnlyList<Finding> Of(Demand? demand, Verification verification) =>
        [.. verification.Objects.Select(item => Of(demand, item)), .. verification.Relations.Select(relation => Of(demand, relation))];

    /// <summary>What is wrong, in one line; empty when nothing is.</summary>
    public static string Wrongs(Demand? demand, Verification verification) => string.Join("; ", Of(demand, verification)
        .Where(finding => finding.Verdict == Verdict.Contradicted).Select(finding => $"{finding.Subject} is {finding.Word}: {finding.Why}"));

    private static Finding Of(Demand? demand, ObjectVerdict item)
    {
        var count = demand?.Entities.ElementAtOrDefault(item.Entity)?.Count ?? 0;
        var word = item.Presence == Verdict.Contradicted ? "missing" : VerdictWords.Of(item.Verdict);
        var found = item.Presence == Verdict.Unknown && item.Found == 0 ? "?" : item.Found.ToString(CultureInfo.InvariantCulture);
        if (count > 0)
            found = string.Create(CultureInfo.InvariantCulture, $"{found} of {count}");
        var evidence = item.PresenceEvidence.Concat(item.Attributes.SelectMany(attribute => attribute.Evidence));
        return new Finding(SubjectOf(demand, item.Entity), item.Verdict, word, found, ReasonOf(item, count), item.Attributes,
            [.. evidence.Select(one => $"{one.Reader}: {one.Text}").Distinct()]);
    }

    private static Finding Of(Demand? demand, RelationVerdict relation)
    {
        var demanded = demand?.Relations.ElementAtOrDefault(relation.Relation);
        var subject = demanded is null ? $"relation {relation.Relation + 1}"
            : $"{SubjectOf(demand, demanded.Subject)} {demanded.Words} {SubjectOf(demand, demanded.Object)}";
        return new Finding(subject, relation.Verdict, VerdictWords.Of(relation.Verdict), "", relation.Text, [], [$"boxes: {relation.Text}"]);
    }

    private static string SubjectOf(Demand? demand, int entity) => demand?.Entities.ElementAtOrDefault(entity) switch
    {
        null => $"object {entity + 1}",
        { Phrase.Length: > 0 } known => known.Phrase,
        var known => string.Join(' ', known.Attributes.Append(known.Noun)),
    };

    private static string ReasonOf(ObjectVerdict item, int count)
    {
        if (item.Presence == Verdict.Contradicted)
            return string.Join("; ", item.PresenceEvidence.Where(evidence => evidence.Verdict == item.Presence).Select(evidence => evidence.Text));
        // of an object that may not be there, everything that was said of that, and what is wrong with it
        var isThere = item.Presence == Verdict.Confirmed;
        List<string> parts = [.. isThere ? [] : item.PresenceEvidence.Select(evidence => evidence.Text),
            .. item.Attributes.Where(attribute => isThere || attribute.Verdict == Verdict.Contradicted).Select(ReasonOf)];
        if (count > 0 && item.Count != Verdict.Confirmed && (isThere || item.Count == Verdict.Contradicted))
            parts.Add(string.Create(CultureInfo.InvariantCulture, $"{count} demanded, {item.Found} found"));
        if (parts.Count == 0)
            parts.AddRange(item.PresenceEvidence.Where(evidence => evidence.Verdict == Verdict.Confirmed).Select(evidence => evidence.Text));
        return string.Join("; ", parts);
    }

    // the first evidence that has the verdict decided it
    private static string ReasonOf(AttributeVerdict attribute)
    {
        var said = attribute.Evidence.FirstOrDefault(evidence => evidence.Verdict == attribute.Verdict)?.Text ?? "no reader can tell";
        return attribute.Verdict switch
        {
            Verdict.Confirmed => $"{attribute.Attribute}: {said}",
            Verdict.Contradicted => $"not {attribute.Attribute}: {said}",
            _ => $"perhaps {attribute.Attribute}: {said}",
        };
    }
}
