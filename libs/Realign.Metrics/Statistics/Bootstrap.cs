using Realign.Core.Errors;

namespace Realign.Metrics.Statistics;

/// <summary>Uncertainty of a mean by resampling with replacement (Efron 1979): percentile interval and standard error.</summary>
public static class Bootstrap
{
    /// <summary>Draws the indices of each resample from a seed.</summary>
    /// <param name="count">Size of the sample, at least 1.</param>
    /// <param name="resamples">How many resamples, at least 2.</param>
    /// <param name="seed">Seed.</param>
    public static int[][] Indices(int count, int resamples, int seed)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(resamples, 2);
        var random = new Random(seed);
        return [.. Enumerable.Range(0, resamples).Select(_ => Enumerable.Range(0, count).Select(_ => random.Next(count)).ToArray())];
    }

    /// <summary>Interval of the mean.</summary>
    /// <param name="values">The sample.</param>
    /// <param name="indices">Indices into the sample, one list per resample.</param>
    /// <param name="level">Coverage, e.g. 0.95; between 0 and 1.</param>
    /// <exception cref="InvalidInputException">There is no sample, too few resamples, an index outside it, or an impossible level.</exception>
    public static BootstrapInterval Mean(IReadOnlyList<double> values, IReadOnlyList<IReadOnlyList<int>> indices, double level)
    {
        Check(values.Count, indices, level);
        var means = indices.Select(resample => resample.Average(index => values[index])).Order().ToArray();
        var center = means.Average();
        var variance = means.Sum(mean => (mean - center) * (mean - center)) / (means.Length - 1);
        return new BootstrapInterval(values.Average(), Quantile(means, (1 - level) / 2), Quantile(means, (1 + level) / 2), Math.Sqrt(variance));
    }

    /// <summary>Interval of the mean of second - first, where the two belong to the same items.</summary>
    /// <exception cref="InvalidInputException">The two samples differ in size, or see <see cref="Mean"/>.</exception>
    public static BootstrapInterval PairedDifference(
        IReadOnlyList<double> first, IReadOnlyList<double> second, IReadOnlyList<IReadOnlyList<int>> indices, double level)
    {
        if (first.Count != second.Count)
        {
            throw new InvalidInputException("values", $"{first.Count} and {second.Count}", "paired samples have one size",
                "measure both variants on the same items");
        }

        return Mean([.. first.Zip(second, (left, right) => right - left)], indices, level);
    }

    /// <summary>Quantile of sorted values with linear interpolation at (n - 1) q.</summary>
    private static double Quantile(double[] sorted, double share)
    {
        var position = (sorted.Length - 1) * share;
        var below = Math.Clamp((int)Math.Floor(position), 0, sorted.Length - 1);
        var above = Math.Min(below + 1, sorted.Length - 1);
        return sorted[below] + ((position - below) * (sorted[above] - sorted[below]));
    }

    private static void Check(int count, IReadOnlyList<IReadOnlyList<int>> indices, double level)
    {
        if (count == 0)
            throw new InvalidInputException("values", "empty", "there is nothing to average", "add at least one value");
        if (indices.Count < 2 || indices.Any(resample => resample.Count == 0 || resample.Any(index => index < 0 || index >= count)))
        {
            throw new InvalidInputException("indices", $"{indices.Count} resamples", "at least two non-empty resamples of the sample are needed",
                $"draw indices between 0 and {count - 1}");
        }

        if (!(level > 0 && level < 1))
            throw new InvalidInputException("level", level.ToString(), "is no coverage", "use a number between 0 and 1, e.g. 0.95");
    }
}
