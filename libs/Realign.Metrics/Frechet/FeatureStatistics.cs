using Realign.Core.Errors;

namespace Realign.Metrics.Frechet;

/// <summary>
/// Mean and covariance of features that arrive in chunks (Chan, Golub and LeVeque 1979): exact for any order and offset,
/// because only centered products are summed. Two partial results can be merged.
/// </summary>
public sealed class FeatureStatistics
{
    private readonly double[] _mean;
    private readonly double[] _scatter;

    /// <summary>Empty statistics.</summary>
    /// <param name="dimension">Feature width, at least 1.</param>
    public FeatureStatistics(int dimension)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(dimension, 1);
        Dimension = dimension;
        _mean = new double[dimension];
        _scatter = new double[dimension * dimension];
    }

    /// <summary>Feature width.</summary>
    public int Dimension { get; }

    /// <summary>Vectors seen.</summary>
    public long Count { get; private set; }

    /// <summary>Mean vector [d].</summary>
    public IReadOnlyList<double> Mean => _mean;

    /// <summary>Sum of outer products of the centered vectors [d, d], row-major.</summary>
    public IReadOnlyList<double> Scatter => _scatter;

    /// <summary>Statistics of a whole set.</summary>
    public static FeatureStatistics Of(FeatureMatrix features)
    {
        var statistics = new FeatureStatistics(features.Columns);
        statistics.Add(features);
        return statistics;
    }

    /// <summary>Adds a chunk.</summary>
    /// <exception cref="InvalidInputException">The width differs.</exception>
    public void Add(FeatureMatrix chunk)
    {
        RequireDimension(chunk.Columns);
        var part = new FeatureStatistics(Dimension) { Count = chunk.Rows };
        for (var row = 0; row < chunk.Rows; row++)
        {
            var values = chunk.Row(row);
            for (var i = 0; i < Dimension; i++)
                part._mean[i] += values[i];
        }

        for (var i = 0; i < Dimension; i++)
            part._mean[i] /= chunk.Rows;
        var centered = new double[Dimension];
        for (var row = 0; row < chunk.Rows; row++)
        {
            var values = chunk.Row(row);
            for (var i = 0; i < Dimension; i++)
                centered[i] = values[i] - part._mean[i];
            AddOuter(part._scatter, centered, 1);
        }

        Merge(part);
    }

    /// <summary>Adds what another instance has seen.</summary>
    /// <exception cref="InvalidInputException">The width differs.</exception>
    public void Merge(FeatureStatistics other)
    {
        RequireDimension(other.Dimension);
        if (other.Count == 0)
            return;
        var total = Count + other.Count;
        var delta = new double[Dimension];
        for (var i = 0; i < Dimension; i++)
        {
            delta[i] = other._mean[i] - _mean[i];
            _mean[i] += delta[i] * other.Count / total;
        }

        for (var i = 0; i < _scatter.Length; i++)
            _scatter[i] += other._scatter[i];
        AddOuter(_scatter, delta, (double)Count * other.Count / total);
        Count = total;
    }

    /// <summary>Unbiased covariance (n - 1) [d, d], row-major.</summary>
    /// <exception cref="FailedPreconditionException">Fewer than two vectors were seen.</exception>
    public double[] Covariance()
    {
        if (Count < 2)
            throw new FailedPreconditionException($"a covariance of {Count} vector(s) is undefined", "add at least two images");
        return Array.ConvertAll(_scatter, value => value / (Count - 1));
    }

    private static void AddOuter(double[] scatter, double[] vector, double weight)
    {
        for (var i = 0; i < vector.Length; i++)
        {
            var scaled = weight * vector[i];
            var row = scatter.AsSpan(i * vector.Length, vector.Length);
            for (var j = 0; j < vector.Length; j++)
                row[j] += scaled * vector[j];
        }
    }

    private void RequireDimension(int columns)
    {
        if (columns != Dimension)
        {
            throw new InvalidInputException("features", $"{columns} columns", $"these statistics have {Dimension}",
                "use features of the same network");
        }
    }
}
