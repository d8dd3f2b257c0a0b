using Realign.Core.Errors;

namespace Realign.Training.Ranking;

/// <summary>
/// Assemble reward-ranked learning: candidates of each prompt are ranked under every reward, ranks are added, the smallest sum wins.
/// The published code adds argsorts instead of ranks, which picks almost at random; here ranks are ranks.
/// </summary>
public static class RankFusion
{
    private const int BatchSize = 8;
    private const int Passes = 10;

    /// <summary>Ranks and winners of a round.</summary>
    /// <param name="rewards">Reward k, prompt p, candidate j; larger is better.</param>
    /// <param name="weights">Weight of each reward's rank.</param>
    /// <param name="keptShare">Best share of the prompts that is trained on, in (0, 1]: ceil(share * prompts), at least one.</param>
    /// <exception cref="InvalidInputException">Sizes disagree, a reward is not finite, or the share is impossible.</exception>
    public static RankFusionResult Fuse(IReadOnlyList<IReadOnlyList<IReadOnlyList<double>>> rewards, IReadOnlyList<double> weights, double keptShare)
    {
        Check(rewards, weights, keptShare);
        var prompts = rewards[0].Count;
        var candidates = rewards[0][0].Count;
        var ranks = rewards.Select(reward => reward.Select(Ranks).ToArray()).ToArray();
        var statistics = rewards.Select(Statistics).ToArray();
        double Standard(int k, int p, int j) => statistics[k].Deviation > 0 ? (rewards[k][p][j] - statistics[k].Mean) / statistics[k].Deviation : 0;
        double Sum(int p, int j) => Enumerable.Range(0, rewards.Count).Sum(k => Standard(k, p, j));

        var fused = Enumerable.Range(0, prompts)
            .Select(p => Enumerable.Range(0, candidates).Select(j => Enumerable.Range(0, rewards.Count).Sum(k => weights[k] * ranks[k][p][j])).ToArray())
            .ToArray();
        var winners = fused.Select((row, p) => Enumerable.Range(0, candidates).OrderBy(j => row[j]).ThenByDescending(j => Sum(p, j)).First()).ToArray();
        var bySum = Enumerable.Range(0, prompts).Select(p => Enumerable.Range(0, candidates).MaxBy(j => Enumerable.Range(0, rewards.Count)
            .Sum(k => weights[k] * Standard(k, p, j)))).ToArray();
        var winnerMeans = winners.Select((j, p) => Sum(p, j) / rewards.Count).ToArray();
        var keep = Math.Max(1, (int)Math.Ceiling(Math.Round(keptShare * prompts, 9)));
        var kept = Enumerable.Range(0, prompts).OrderByDescending(p => winnerMeans[p]).Take(keep).Order().ToArray();
        return new RankFusionResult(ranks, fused, winners, bySum, winnerMeans, statistics, kept, Steps(keep),
            [.. rewards.Select(reward => reward.Select((row, p) => row[winners[p]]).Average())]);
    }

    /// <summary>Training steps of a round: ten passes over the kept prompts in batches of 8.</summary>
    public static int Steps(int keptPrompts) => ((Passes * keptPrompts) + BatchSize - 1) / BatchSize;

    /// <summary>Rank of each value, 1 = largest; equal values share the mean of their ranks.</summary>
    public static double[] Ranks(IReadOnlyList<double> values)
    {
        var order = Enumerable.Range(0, values.Count).OrderByDescending(index => values[index]).ToArray();
        var ranks = new double[values.Count];
        for (var start = 0; start < order.Length;)
        {
            var end = start + 1;
            while (end < order.Length && values[order[end]].Equals(values[order[start]]))
                end++;
            for (var i = start; i < end; i++)
                ranks[order[i]] = (start + 1 + end) / 2.0;
            start = end;
        }

        return ranks;
    }

    private static (double Mean, double Deviation) Statistics(IReadOnlyList<IReadOnlyList<double>> reward)
    {
        var values = reward.SelectMany(row => row).ToArray();
        var mean = values.Average();
        return (mean, Math.Sqrt(values.Average(value => (value - mean) * (value - mean))));
    }

    private static void Check(IReadOnlyList<IReadOnlyList<IReadOnlyList<double>>> rewards, IReadOnlyList<double> weights, double keptShare)
    {
        if (rewards.Count == 0 || rewards[0].Count == 0 || rewards[0][0].Count == 0)
            throw new InvalidInputException("rewards", "empty", "there is nothing to rank", "give at least one reward, prompt and candidate");
        if (weights.Count != rewards.Count)
            throw new InvalidInputException("weights", weights.Count.ToString(), $"there are {rewards.Count} rewards", "give one weight per reward");
        if (!(keptShare > 0 && keptShare <= 1))
            throw new InvalidInputException("kept_share", keptShare.ToString(), "is no share", "use a number above 0 and at most 1");
        var candidates = rewards[0][0].Count;
        foreach (var reward in rewards)
        {
            if (reward.Count != rewards[0].Count || reward.Any(row => row.Count != candidates))
                throw new InvalidInputException("rewards", "ragged", "every reward scores every candidate of every prompt", "score the missing candidates");
            if (reward.Any(row => row.Any(value => !double.IsFinite(value))))
                throw new InvalidInputException("rewards", "NaN or infinite", "cannot be ranked", "leave out candidates that could not be scored");
        }
    }
}
