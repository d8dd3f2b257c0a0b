namespace Realign.Training.Ranking;

/// <summary>Outcome of a round of reward-ranked learning.</summary>
/// <param name="Ranks">Reward k, prompt p, candidate j: 1 = best, ties share the mean rank.</param>
/// <param name="Fused">Weighted sum of ranks per prompt and candidate.</param>
/// <param name="Winners">Candidate with the smallest sum; ties: larger sum of z-scores, then smaller index.</param>
/// <param name="WinnersByZSum">The alternative: candidate with the largest weighted sum of z-scores.</param>
/// <param name="WinnerMeanZ">Mean z-score of each winner over the rewards.</param>
/// <param name="Statistics">Mean and population standard deviation of each reward over the round.</param>
/// <param name="KeptPrompts">Prompts that are trained on, ascending.</param>
/// <param name="Steps">Training steps for them.</param>
/// <param name="MeanRewardOfWinners">Mean of each reward over the winners.</param>
public sealed record RankFusionResult(
    double[][][] Ranks, double[][] Fused, int[] Winners, int[] WinnersByZSum, double[] WinnerMeanZ,
    (double Mean, double Deviation)[] Statistics, int[] KeptPrompts, int Steps, double[] MeanRewardOfWinners);
