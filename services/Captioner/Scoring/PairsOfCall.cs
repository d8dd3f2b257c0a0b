using Realign.Captioner.Requests;
using Realign.Core.Timings;
using Realign.VisionLanguage.Scoring;
using Realign.Wire.Images;

namespace Realign.Captioner.Scoring;

/// <summary>The pairs of a ScorePrompt call whose pictures are decoded, waiting for a pass of the model.</summary>
/// <param name="Call">The call.</param>
/// <param name="Pictures">Its pictures.</param>
/// <param name="Timings">Its times.</param>
internal sealed record PairsOfCall(ScoreCall Call, RequestPictures Pictures, CallTimings Timings)
{
    /// <summary>Scores the pairs of several calls in one pass. Pictures of a caller who left meanwhile are given back when it has ended.</summary>
    /// <param name="calls">The calls.</param>
    /// <param name="score">What the model does with all pairs: a score for each, in order.</param>
    /// <returns>The scores of each call.</returns>
    public static IReadOnlyList<IReadOnlyList<ScoredPair>> Score(
        IReadOnlyList<PairsOfCall> calls, Func<IReadOnlyList<PicturePrompt>, IReadOnlyList<ScoredPair>> score)
    {
        foreach (var call in calls)
        {
            call.Timings.Add("decode", call.Pictures.ReadTime);
            call.Timings.Restart();
        }

        var (scores, counts) = Use(calls, [], [], score);
        var first = 0;
        var parts = new List<IReadOnlyList<ScoredPair>>();
        foreach (var (call, count) in calls.Zip(counts))
        {
            parts.Add([.. scores.Skip(first).Take(count)]);
            first += count;
            call.Timings.Mark("score");
        }

        return parts;
    }

    private static (IReadOnlyList<ScoredPair> Scores, List<int> Counts) Use(
        IReadOnlyList<PairsOfCall> calls, List<PicturePrompt> pairs, List<int> counts, Func<IReadOnlyList<PicturePrompt>, IReadOnlyList<ScoredPair>> score)
    {
        if (counts.Count == calls.Count)
            return (score(pairs), counts);
        var next = calls[counts.Count];
        return next.Pictures.Use(pictures =>
        {
            pairs.AddRange(next.Call.Pairs(pictures));
            counts.Add(pictures.Count);
            return Use(calls, pairs, counts, score);
        });
    }
}
