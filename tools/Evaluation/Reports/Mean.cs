using Realign.Metrics.Statistics;

namespace Realign.Evaluation.Reports;

/// <summary>A mean with its interval.</summary>
/// <param name="Count">Of how many values.</param>
/// <param name="Value">The mean.</param>
/// <param name="Low">Lower end of the 95 % interval (bootstrap, percentiles).</param>
/// <param name="High">Upper end.</param>
internal sealed record Mean(int Count, double Value, double Low, double High)
{
    private const int Resamples = 1000;

    /// <summary>Null where there are no values.</summary>
    public static Mean? Of(IReadOnlyList<double> values)
    {
        if (values.Count == 0)
            return null;
        var interval = Bootstrap.Mean(values, Bootstrap.Indices(values.Count, Resamples, seed: 0), 0.95);
        return new Mean(values.Count, interval.Mean, interval.Low, interval.High);
    }
}
