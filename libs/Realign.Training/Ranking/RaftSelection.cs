using Realign.Core.Errors;

namespace Realign.Training.Ranking;

/// <summary>The two collection strategies of RAFT (Dong et al. 2023).</summary>
public static class RaftSelection
{
    /// <summary>The best share of all samples of the round, best first; ties keep their order.</summary>
    /// <param name="rewards">Prompt p, sample j.</param>
    /// <param name="share">In (0, 1].</param>
    public static IReadOnlyList<(int Prompt, int Sample)> Top(IReadOnlyList<IReadOnlyList<double>> rewards, double share)
    {
        if (!(share > 0 && share <= 1))
            throw new InvalidInputException("share", share.ToString(), "is no share", "use a number above 0 and at most 1");
        var all = rewards.SelectMany((row, p) => row.Select((value, j) => (Prompt: p, Sample: j, Value: value))).ToList();
        var count = Math.Max(1, (int)Math.Ceiling(Math.Round(share * all.Count, 9)));
        return [.. all.OrderByDescending(sample => sample.Value).Take(count).Select(sample => (sample.Prompt, sample.Sample))];
    }

    /// <summary>The best sample of each prompt.</summary>
    /// <param name="rewards">Prompt p, sample j.</param>
    public static IReadOnlyList<(int Prompt, int Sample)> Local(IReadOnlyList<IReadOnlyList<double>> rewards) =>
        [.. rewards.Select((row, p) => (p, Enumerable.Range(0, row.Count).MaxBy(j => row[j])))];
}
