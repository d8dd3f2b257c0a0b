using Realign.Metrics.Statistics;

namespace Realign.Evaluation.Reports;

/// <summary>An arm beside the base, on the same prompts and seeds.</summary>
/// <param name="Base">The arm it is compared with.</param>
/// <param name="Pairs">How many pairs.</param>
/// <param name="Won">Pairs in which only this arm's picture is right.</param>
/// <param name="Lost">Pairs in which only the base's is.</param>
/// <param name="P">Exact two-sided p of McNemar's test.</param>
internal sealed record Comparison(string Base, int Pairs, int Won, int Lost, double P)
{
    /// <summary>Null where no pair is there.</summary>
    /// <param name="name">The arm it is compared with.</param>
    /// <param name="pairs">Whether the base's and this arm's picture of each pair are right.</param>
    public static Comparison? Of(string name, IReadOnlyList<(bool Base, bool Arm)> pairs)
    {
        var test = McNemarTest.Of([.. pairs.Select(pair => pair.Base)], [.. pairs.Select(pair => pair.Arm)]);
        return pairs.Count == 0 ? null : new Comparison(name, pairs.Count, test.Won, test.Lost, test.TwoSided);
    }
}
