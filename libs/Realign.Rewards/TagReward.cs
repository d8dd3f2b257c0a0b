using System.Globalization;

namespace Realign.Rewards;

/// <summary>
/// How likely the things a tagger sees belong into the prompted scene (the "SAM reward" of FineRewards): a language model scores each tag
/// 2 (certain), 0.5 (possible) or 0 (contradiction); the published code counts these 3, 2 and 1.
/// </summary>
/// <param name="Scores">Score per tag.</param>
/// <param name="Unmatched">Tags without a usable score; they count as possible.</param>
public sealed record TagReward(IReadOnlyList<double> Scores, IReadOnlyList<string> Unmatched)
{
    private const double Possible = 0.5;

    /// <summary>Class per tag on the published scale: 3, 2 or 1.</summary>
    public IReadOnlyList<int> Classes => [.. Scores.Select(score => score switch { 2 => 3, 0 => 1, _ => 2 })];

    /// <summary>Mean of half the scores, 0..1; 0 without tags. Punishes what should not be there, never what is missing.</summary>
    public double Precision => Scores.Count == 0 ? 0 : Scores.Average() / 2;

    /// <summary>The value on the published scale: mean class / 2 - 1, in -0.5..0.5; null without tags.</summary>
    public double? OnPublishedScale => Scores.Count == 0 ? null : (Classes.Average() / 2) - 1;

    /// <summary>Scores in the order of the tags; the first score of a tag counts, those of unknown tags are ignored.</summary>
    public static TagReward Of(IReadOnlyList<string> tags, IEnumerable<(string Tag, double Score)> scored)
    {
        var byTag = new Dictionary<string, double>(StringComparer.Ordinal);
        foreach (var (tag, score) in scored)
            _ = byTag.TryAdd(tag, score);
        return new TagReward([.. tags.Select(tag => byTag.GetValueOrDefault(tag, Possible))], [.. tags.Where(tag => !byTag.ContainsKey(tag))]);
    }

    /// <summary>Reads a <c>tag:class,tag:class</c> reply strictly: a pair counts when its class is 1, 2 or 3.</summary>
    /// <param name="reply">Text of the language model.</param>
    /// <param name="tags">What it was asked about.</param>
    public static TagReward Parse(string reply, IReadOnlyList<string> tags) => Of(tags, Pairs(reply));

    /// <summary>
    /// What the published code computes from a raw reply: (D - 2n) / (2n), D = sum of every digit character. Kept for comparison:
    /// digits of list numbers, of "10" and of stray words count too.
    /// </summary>
    /// <param name="reply">Text of the language model.</param>
    /// <param name="tagCount">n.</param>
    /// <returns>Null without tags.</returns>
    public static double? FromReplyDigits(string reply, int tagCount) =>
        tagCount == 0 ? null : (DigitSum(reply) - (2.0 * tagCount)) / (2.0 * tagCount);

    /// <summary>Sum of the decimal digits of a text.</summary>
    public static int DigitSum(string reply) => reply.Where(char.IsAsciiDigit).Sum(digit => digit - '0');

    /// <summary>Share of the prompt's nouns that some tag covers, 0..1; 0 for a prompt without nouns.</summary>
    public static double Recall(IEnumerable<string> promptNouns, IReadOnlyCollection<string> coveredNouns)
    {
        var nouns = promptNouns.Distinct(StringComparer.Ordinal).ToList();
        return nouns.Count == 0 ? 0 : (double)nouns.Count(coveredNouns.Contains) / nouns.Count;
    }

    /// <summary>Harmonic mean of precision and recall; 0 when both are.</summary>
    public static double F1(double precision, double recall) => precision + recall > 0 ? 2 * precision * recall / (precision + recall) : 0;

    private static IEnumerable<(string Tag, double Score)> Pairs(string reply)
    {
        foreach (var pair in reply.Split(','))
        {
            var colon = pair.LastIndexOf(':');
            if (colon >= 0 && int.TryParse(pair.AsSpan(colon + 1).Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var value)
                && value is >= 1 and <= 3)
                yield return (pair[..colon].Trim(), value switch { 3 => 2, 2 => Possible, _ => 0 });
        }
    }
}
