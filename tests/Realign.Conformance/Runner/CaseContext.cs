namespace Realign.Conformance.Runner;

/// <summary>Collects the comparisons of one case. The worst error relative to its tolerance is what the report shows.</summary>
public sealed class CaseContext
{
    private readonly List<string> _failures = [];

    /// <summary>Largest absolute error seen at the comparison that came nearest to its tolerance.</summary>
    public double WorstError { get; private set; }

    /// <summary>Tolerance of that comparison.</summary>
    public double WorstTolerance { get; private set; }

    /// <summary>What was compared there; null without a comparison under a tolerance.</summary>
    public string? WorstTensor { get; private set; }

    /// <summary>Comparisons made; a case without any fails.</summary>
    public int Comparisons { get; private set; }

    /// <summary>What did not match.</summary>
    public IReadOnlyList<string> Failures => _failures;

    private double _worstRatio = -1;

    /// <summary>Every element within an absolute tolerance.</summary>
    public void Near(string what, ReadOnlySpan<float> expected, ReadOnlySpan<float> actual, double tolerance)
    {
        if (expected.Length != actual.Length)
        {
            Fail($"{what}: {actual.Length} values, expected {expected.Length}");
            return;
        }

        Near(what, Largest(expected, actual), tolerance);
    }

    /// <summary>One number within an absolute tolerance.</summary>
    public void Near(string what, double expected, double actual, double tolerance) =>
        Near(what, expected.Equals(actual) ? 0 : double.IsNaN(expected - actual) ? double.PositiveInfinity : Math.Abs(expected - actual), tolerance);

    /// <summary>Largest difference; without bound where one side only is not a number.</summary>
    public static double Largest(ReadOnlySpan<float> expected, ReadOnlySpan<float> actual)
    {
        double worst = 0;
        for (var i = 0; i < expected.Length; i++)
        {
            // equal infinities are equal; a NaN on one side only is an error without bound
            var error = expected[i].Equals(actual[i]) ? 0 : Math.Abs((double)expected[i] - actual[i]);
            worst = double.IsNaN(error) ? double.PositiveInfinity : Math.Max(worst, error);
        }

        return worst;
    }

    /// <summary>A largest error that was found elsewhere.</summary>
    public void Near(string what, double error, double tolerance)
    {
        Comparisons++;
        var ratio = tolerance > 0 ? error / tolerance : error > 0 ? double.PositiveInfinity : 0;
        if (ratio > _worstRatio)
        {
            _worstRatio = ratio;
            WorstError = error;
            WorstTolerance = tolerance;
            WorstTensor = what;
        }

        if (!(error <= tolerance))
            Fail($"{what}: error {error:g4} above {tolerance:g4}");
    }

    /// <summary>Exactly equal values.</summary>
    public void Equal<T>(string what, T expected, T actual)
    {
        Exact();
        if (!EqualityComparer<T>.Default.Equals(expected, actual))
            Fail($"{what}: '{Shorten(actual)}', expected '{Shorten(expected)}'");
    }

    /// <summary>Exactly equal sequences.</summary>
    public void EqualSequence<T>(string what, IEnumerable<T> expected, IEnumerable<T> actual)
    {
        Exact();
        var left = expected.ToList();
        var right = actual.ToList();
        for (var i = 0; i < Math.Min(left.Count, right.Count); i++)
        {
            if (EqualityComparer<T>.Default.Equals(left[i], right[i]))
                continue;
            Fail($"{what}[{i}]: '{Shorten(right[i])}', expected '{Shorten(left[i])}'");
            return;
        }

        if (left.Count != right.Count)
            Fail($"{what}: {right.Count} items, expected {left.Count}");
    }

    /// <summary>A condition that must hold.</summary>
    public void True(string what, bool condition)
    {
        Exact();
        if (!condition)
            Fail(what);
    }

    /// <summary>Records a mismatch.</summary>
    public void Fail(string message) => _failures.Add(message);

    private void Exact()
    {
        Comparisons++;
        _worstRatio = Math.Max(_worstRatio, 0);
    }

    private static string Shorten(object? value)
    {
        var text = value?.ToString() ?? "null";
        return text.Length <= 80 ? text : text[..77] + "...";
    }
}
