namespace Realign.Hosting.Scheduling;

/// <summary>
/// How long work of one kind takes, as a line over its size: least squares with positive coefficients over what was measured, newer
/// measurements counting more. Where all had the same size, time is proportional to it.
/// </summary>
internal sealed class CostModel
{
    /// <summary>What a measurement counts for after the next one.</summary>
    private const double Memory = 0.875;

    /// <summary>Least relative variance of sizes that tells a slope.</summary>
    private const double LeastVariance = 1e-6;

    private double _count;
    private double _sizes;
    private double _seconds;
    private double _squares;
    private double _products;
    private double _deviation;

    /// <summary>Whether anything was measured.</summary>
    public bool IsKnown => _count > 0;

    /// <summary>When the last measurement, or trial, was; on the scheduler's clock.</summary>
    public TimeSpan CheckedAt { get; set; }

    /// <summary>Expected seconds; 0 while nothing is known.</summary>
    public double Expected(double size)
    {
        if (!IsKnown)
            return 0;
        var (fixedCost, slope) = Line();
        return fixedCost + (slope * size);
    }

    /// <summary>Seconds that most such calls do not exceed: the expected ones and the usual deviation from them.</summary>
    public double Likely(double size) => Expected(size) * (1 + _deviation);

    /// <summary>Takes in how long a call took.</summary>
    public void Learn(double size, double seconds)
    {
        if (IsKnown)
        {
            // a call ten times as long as expected says something about itself, not about all others
            var miss = Math.Min(1, Math.Abs(seconds - Expected(size)) / Math.Max(Expected(size), double.Epsilon));
            _deviation = (_deviation * Memory) + (miss * (1 - Memory));
        }

        _count = (_count * Memory) + 1;
        _sizes = (_sizes * Memory) + size;
        _seconds = (_seconds * Memory) + seconds;
        _squares = (_squares * Memory) + (size * size);
        _products = (_products * Memory) + (size * seconds);
    }

    private (double Fixed, double Slope) Line()
    {
        var proportional = _seconds / _sizes;
        var variance = (_count * _squares) - (_sizes * _sizes);
        var slope = variance > LeastVariance * _sizes * _sizes
            ? Math.Clamp(((_count * _products) - (_sizes * _seconds)) / variance, 0, proportional)
            : proportional;
        return ((_seconds - (slope * _sizes)) / _count, slope);
    }
}
