using System.Globalization;

namespace Realign.SceneScoring;

/// <summary>The tag reward of FineRewards (there called SAM reward): the published digit sum and a strict reading of the same reply.</summary>
/// <param name="Published">Sum of all digit characters as the published code counts it, (D - 2n) / 2n; null without tags.</param>
/// <param name="Classes">Strict class per tag, 3, 2 or 1; 2 where the reply has no usable pair for it.</param>
/// <param name="Unmatched">Tags without a usable pair.</param>
public sealed record TagReward(double? Published, IReadOnlyList<int> Classes, IReadOnlyList<string> Unmatched)
{
    /// <summary>Score per tag: 2, 0.5 or 0.</summary>
    public IReadOnlyList<double> Scores => [.. Classes.Select(value => value switch { 3 => 2, 2 => 0.5, _ => 0.0 })];

    /// <summary>Mean of half the scores, in [0, 1]; 0 without tags.</summary>
    public double Reward => Classes.Count == 0 ? 0 : Scores.Sum() / (2 * Classes.Count);

    /// <summary>On the published scale, from the strict reading: mean class / 2 - 1; null without tags.</summary>
    public double? CodeCompatible => Classes.Count == 0 ? null : (Classes.Average() / 2) - 1;

    /// <summary>Reads a <c>tag:score,tag:score</c> reply.</summary>
    public static TagReward Parse(string reply, IReadOnlyList<string> tags)
    {
        double? published = tags.Count == 0 ? null : (reply.Where(char.IsAsciiDigit).Sum(digit => digit - '0') - (2.0 * tags.Count)) / (2.0 * tags.Count);
        var found = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var pair in reply.Split(','))
        {
            var colon = pair.LastIndexOf(':');
            if (colon < 0)
                continue;
            var tag = pair[..colon].Trim();
            if (int.TryParse(pair.AsSpan(colon + 1).Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var score) && score is >= 1 and <= 3)
                _ = found.TryAdd(tag, score);
        }

        return new TagReward(published,
            [.. tags.Select(tag => found.GetValueOrDefault(tag, 2))], [.. tags.Where(tag => !found.ContainsKey(tag))]);
    }
}
