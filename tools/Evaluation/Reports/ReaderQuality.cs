namespace Realign.Evaluation.Reports;

/// <summary>How far what a reader claims is so, by the oracle.</summary>
/// <param name="Reader">Who.</param>
/// <param name="Claim">What it claims.</param>
/// <param name="TruePositives">Claimed, and so.</param>
/// <param name="FalsePositives">Claimed, and not so (of a verification: false accepts).</param>
/// <param name="FalseNegatives">Denied, and so (false rejects).</param>
/// <param name="TrueNegatives">Denied, and not so.</param>
/// <param name="Silent">Neither claimed nor denied.</param>
internal sealed record ReaderQuality(string Reader, string Claim, int TruePositives, int FalsePositives, int FalseNegatives, int TrueNegatives, int Silent)
{
    /// <summary>Share of the claims that are so.</summary>
    public Share? Precision { get; } = Share.Of(TruePositives, TruePositives + FalsePositives);

    /// <summary>Share of what is so that is claimed; where a reader is silent, nothing is.</summary>
    public Share? Recall { get; } = Share.Of(TruePositives, TruePositives + FalseNegatives);

    /// <summary>Counts pairs of a claim and the truth; a null claim is silence.</summary>
    public static ReaderQuality Of(string reader, string claim, IEnumerable<(bool? Claim, bool Truth)> pairs)
    {
        var all = pairs.ToList();
        int Count(bool? claimed, bool truth) => all.Count(pair => pair.Claim == claimed && pair.Truth == truth);
        return new ReaderQuality(reader, claim, Count(true, true), Count(true, false), Count(false, true), Count(false, false),
            all.Count(pair => pair.Claim is null));
    }
}
