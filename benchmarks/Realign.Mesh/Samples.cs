namespace Realign.MeshBenchmark;

/// <summary>Measured values of one kind.</summary>
internal sealed class Samples
{
    private readonly List<double> _values = [];

    public int Count => _values.Count;

    public double Minimum => _values.Min();

    public double Maximum => _values.Max();

    public double Median => Percentile(50);

    public void Add(double value) => _values.Add(value);

    /// <summary>The smallest value that at least this share of the samples does not exceed (nearest rank).</summary>
    public double Percentile(double percent)
    {
        var sorted = _values.Order().ToList();
        return sorted[Math.Clamp((int)Math.Ceiling(percent / 100 * sorted.Count) - 1, 0, sorted.Count - 1)];
    }
}
