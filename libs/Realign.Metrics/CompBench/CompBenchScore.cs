using Realign.Core.Errors;

namespace Realign.Metrics.CompBench;

/// <summary>How image scores of T2I-CompBench are put together.</summary>
public static class CompBenchScore
{
    /// <summary>Score of a category: the mean over all images of all its prompts (10 images of each of 300 validation prompts when published).</summary>
    /// <exception cref="InvalidInputException">There are no images.</exception>
    public static double OfCategory(IEnumerable<double> imageScores)
    {
        var scores = imageScores.ToList();
        return scores.Count > 0
            ? scores.Average()
            : throw new InvalidInputException("scores", "empty", "a category without images has no score", "score at least one image");
    }
}
