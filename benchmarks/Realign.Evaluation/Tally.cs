using System.Globalization;

namespace Realign.Evaluation;

/// <summary>One image pair, judged.</summary>
internal sealed record Pair(ScenePrompt Prompt, ulong Seed, byte[] CoarsePng, byte[] RefinedPng, bool Refined, IReadOnlyList<Finding> Coarse,
    IReadOnlyList<Finding> Fine);

/// <summary>Shares with their uncertainty.</summary>
internal static class Tally
{
    private static readonly (string Name, Func<Finding, bool> Holds)[] PerObject =
    [
        ("tagger names the object", finding => finding.Tagged),
        ("segmenter finds the object", finding => finding.Located),
        ("colour inside the mask is the prompt's", finding => finding.HasColour),
        ("all three", finding => finding.IsRight),
    ];

    public static IEnumerable<string> Table(string title, IReadOnlyList<Pair> pairs)
    {
        yield return "";
        yield return $"**{title}** ({pairs.Count} image pairs, {pairs.Count(pair => pair.Refined)} of them refined)";
        yield return "";
        yield return "| | coarse | refined | right only coarse / only refined | p |";
        yield return "|---|---|---|---|---|";
        foreach (var (name, holds) in PerObject)
            yield return Row($"{name} (per object)", pairs.SelectMany(pair => pair.Coarse).Select(holds), pairs.SelectMany(pair => pair.Fine).Select(holds));
        yield return Row("colour, where both images have a mask (per object)",
            Both(pairs).Select(both => both.Coarse.HasColour), Both(pairs).Select(both => both.Fine.HasColour));
        yield return Row("**both objects right (per image)**", pairs.Select(pair => pair.Coarse.All(finding => finding.IsRight)),
            pairs.Select(pair => pair.Fine.All(finding => finding.IsRight)));
    }

    private static IEnumerable<(Finding Coarse, Finding Fine)> Both(IReadOnlyList<Pair> pairs) =>
        pairs.SelectMany(pair => pair.Coarse.Zip(pair.Fine)).Where(both => both.First.Located && both.Second.Located);

    private static string Row(string name, IEnumerable<bool> coarse, IEnumerable<bool> fine)
    {
        var both = coarse.Zip(fine).ToList();
        var (lost, won) = (both.Count(entry => entry is (true, false)), both.Count(entry => entry is (false, true)));
        return $"| {name} | {Share(both.Count(entry => entry.First), both.Count)} | {Share(both.Count(entry => entry.Second), both.Count)} | {lost} / "
            + $"{won} | {Text(SignTest(lost, won), "0.00")} |";
    }

    /// <summary>Share with its 95 % interval (Wilson).</summary>
    private static string Share(int hits, int count)
    {
        if (count == 0)
            return "none";
        const double Z = 1.96;
        var share = hits / (double)count;
        var middle = (share + (Z * Z / (2 * count))) / (1 + (Z * Z / count));
        var half = Z / (1 + (Z * Z / count)) * Math.Sqrt((share * (1 - share) / count) + (Z * Z / (4.0 * count * count)));
        return $"{Text(100 * share, "0.0")} % ({Text(100 * (middle - half), "0")}..{Text(100 * (middle + half), "0")})";
    }

    /// <summary>Exact two-sided sign test (McNemar) on the pairs that differ.</summary>
    private static double SignTest(int lost, int won)
    {
        var count = lost + won;
        var (tail, term) = (0.0, Math.Pow(0.5, count));
        for (var k = 0; k <= Math.Min(lost, won); k++)
        {
            tail += term;
            term *= (count - k) / (k + 1.0);
        }

        return Math.Min(1, 2 * tail);
    }

    private static string Text(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
}
