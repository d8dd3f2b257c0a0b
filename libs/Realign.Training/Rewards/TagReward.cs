using System.Globalization;

namespace Realign.Training.Rewards;

/// <summary>
/// How likely the things a tagger sees belong into the prompted scene ("SAM reward" of FineRewards): a language model scores each tag
/// 2 (certain), 0.5 (possible) or 0 (contradiction).
/// </summary>
public static class TagReward
{
    private const double Neutral = 0.5;

    /// <summary>Scores in the order of the tags; a tag without a score is neutral, scores of unknown tags are ignored.</summary>
    public static double[] Scores(IReadOnlyList<string> tags, IEnumerable<(string Tag, double Score)> scored)
    {
        var byTag = new Dictionary<string, double>(StringComparer.Ordinal);
        foreach (var (tag, score) in scored)
            byTag.TryAdd(tag, score);
        return [.. tags.Select(tag => byTag.GetValueOrDefault(tag, Neutral))];
    }

    /// <summary>Mean of s / 2, in 0..1; 0 without tags. Punishes what should not be there, never what is missing.</summary>
    public static double Precision(IReadOnlyCollection<double> scores) => scores.Count == 0 ? 0 : scores.Average() / 2;

    /// <summary>Share of the prompt's nouns that some tag covers, in 0..1; 0 for a prompt without nouns.</summary>
    public static double Recall(IReadOnlyCollection<string> promptNouns, IReadOnlyCollection<string> coveredNouns) =>
        promptNouns.Count == 0 ? 0 : (double)promptNouns.Distinct(StringComparer.Ordinal).Count(coveredNouns.Contains) / promptNouns.Distinct(StringComparer.Ordinal).Count();

    /// <summary>Harmonic mean of precision and recall; 0 when both are.</summary>
    public static double F1(double precision, double recall) => precision + recall > 0 ? 2 * precision * recall / (precision + recall) : 0;

    /// <summary>The value on the published scale, where certain, possible and unlikely count 3, 2 and 1: mean(c) / 2 - 1, in -0.5..0.5.</summary>
    public static double OnPublishedScale(IReadOnlyCollection<double> scores) => scores.Count == 0
        ? 0
        : (scores.Average(score => score switch { 2 => 3.0, 0 => 1.0, _ => 2.0 }) / 2) - 1;

    /// <summary>
    /// What the published code computes from a raw reply: (D - 2n) / (2n), D = sum of every digit character. Kept for comparison:
    /// digits of list numbers, of "10" and of stray words count too.
    /// </summary>
    /// <param name="reply">Text of the language model.</param>
    /// <param name="tagCount">n, at least 1.</param>
    public static double FromReplyDigits(string reply, int tagCount)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(tagCount, 1);
        return (DigitSum(reply) - (2.0 * tagCount)) / (2.0 * tagCount);
    }

    /// <summary>Sum of the decimal digits of a text.</summary>
    public static int DigitSum(string reply) => reply.Where(char.IsAsciiDigit).Sum(digit => CharUnicodeInfo.GetDecimalDigitValue(digit));
}
