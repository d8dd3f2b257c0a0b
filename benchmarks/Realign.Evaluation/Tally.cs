using System.Globalization;
using Realign.Metrics.Statistics;

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
        var test = McNemarTest.Of([.. both.Select(entry => entry.First)], [.. both.Select(entry => entry.Second)]);
        return $"| {name} | {Share(both.Count(entry => entry.First), both.Count)} | {Share(both.Count(entry => entry.Second), both.Count)} | {test.Lost} / "
            + $"{test.Won} | {Text(test.TwoSided, "0.00")} |";
    }

    /// <summary>Share with its 95 % interval (Wilson).</summary>
    private static string Share(int hits, int count)
    {
        if (count == 0)
            return "none";
        var interval = WilsonInterval.Of(hits, count);
        return $"{Text(100 * interval.Share, "0.0")} % ({Text(100 * interval.Low, "0")}..{Text(100 * interval.High, "0")})";
    }

    private static string Text(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
}
