namespace Realign.Metrics.Frechet;

/// <summary>
/// Kernel inception distance (Binkowski et al. 2018): the unbiased squared maximum mean discrepancy with the kernel (x.y / d + 1)^3.
/// Unlike the Frechet distance it has no bias at small n, so it can be negative.
/// </summary>
public static class KernelDistance
{
    /// <summary>The distance of two sets.</summary>
    /// <exception cref="Core.Errors.InvalidInputException">The sets are too small or of different width.</exception>
    public static double Between(FeatureMatrix first, FeatureMatrix second)
    {
        first.RequireComparable(second);
        return Within(first) + Within(second) - (2 * Across(first, second));
    }

    private static double Within(FeatureMatrix features)
    {
        var sum = default(CompensatedSum);
        for (var i = 0; i < features.Rows; i++)
        {
            for (var j = i + 1; j < features.Rows; j++)
                sum.Add(Kernel(features.Row(i), features.Row(j)));
        }

        return 2 * sum.Value / ((double)features.Rows * (features.Rows - 1));
    }

    private static double Across(FeatureMatrix first, FeatureMatrix second)
    {
        var sum = default(CompensatedSum);
        for (var i = 0; i < first.Rows; i++)
        {
            for (var j = 0; j < second.Rows; j++)
                sum.Add(Kernel(first.Row(i), second.Row(j)));
        }

        return sum.Value / ((double)first.Rows * second.Rows);
    }

    private static double Kernel(ReadOnlySpan<float> left, ReadOnlySpan<float> right)
    {
        var dot = default(CompensatedSum);
        for (var i = 0; i < left.Length; i++)
            dot.Add((double)left[i] * right[i]);
        var value = (dot.Value / left.Length) + 1;
        return value * value * value;
    }

    /// <summary>Neumaier's sum: three means of nearly equal size cancel, and with far-off features nothing would be left otherwise.</summary>
    private struct CompensatedSum
    {
        private double _sum;
        private double _lost;

        public readonly double Value => _sum + _lost;

        public void Add(double value)
        {
            var next = _sum + value;
            _lost += Math.Abs(_sum) >= Math.Abs(value) ? _sum - next + value : value - next + _sum;
            _sum = next;
        }
    }
}
