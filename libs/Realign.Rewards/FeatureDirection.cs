namespace Realign.Rewards;

/// <summary>
/// The direction that all texts of an encoder share, and features without most of it: LongAlign's remedy against reward hacking of text
/// encoders.
/// </summary>
public static class FeatureDirection
{
    /// <summary>Mean direction of texts, unit length.</summary>
    /// <param name="features">Feature rows of one width, at least one.</param>
    public static double[] Mean(IReadOnlyList<double[]> features)
    {
        var sum = new double[features[0].Length];
        foreach (var row in features)
        {
            CheckWidth(row, sum);
            var unit = Normalize(row);
            for (var i = 0; i < sum.Length; i++)
                sum[i] += unit[i];
        }

        return Normalize(sum);
    }

    /// <summary>f - share (f.m) m, with f normalized before and not normalized again.</summary>
    /// <param name="feature">f.</param>
    /// <param name="direction">m, unit length.</param>
    /// <param name="share">Share of the projection that is taken away, 0..1; LongAlign takes 0.7.</param>
    public static double[] Remove(ReadOnlySpan<double> feature, ReadOnlySpan<double> direction, double share)
    {
        var unit = Normalize(feature);
        var projection = share * Dot(unit, direction);
        for (var i = 0; i < unit.Length; i++)
            unit[i] -= projection * direction[i];
        return unit;
    }

    /// <summary>Dot product of the unit caption with a reduced prompt, as it is.</summary>
    /// <param name="caption">f_enc of the caption.</param>
    /// <param name="reducedPrompt">From <see cref="Remove"/>.</param>
    public static double Score(ReadOnlySpan<double> caption, ReadOnlySpan<double> reducedPrompt) => Dot(Normalize(caption), reducedPrompt);

    internal static void CheckWidth(ReadOnlySpan<double> left, ReadOnlySpan<double> right)
    {
        if (left.Length != right.Length || left.Length == 0)
            throw new ArgumentException($"features of {left.Length} and {right.Length} numbers");
    }

    private static double Dot(ReadOnlySpan<double> left, ReadOnlySpan<double> right)
    {
        CheckWidth(left, right);
        double sum = 0;
        for (var i = 0; i < left.Length; i++)
            sum += left[i] * right[i];
        return sum;
    }

    private static double[] Normalize(ReadOnlySpan<double> row)
    {
        var length = Math.Sqrt(Dot(row, row));
        var unit = new double[row.Length];
        for (var i = 0; i < unit.Length; i++)
            unit[i] = row[i] / length;
        return unit;
    }
}
