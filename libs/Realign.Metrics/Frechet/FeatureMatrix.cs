using Realign.Core.Errors;

namespace Realign.Metrics.Frechet;

/// <summary>Feature vectors of a set of images, one row per image.</summary>
public sealed class FeatureMatrix
{
    private readonly ReadOnlyMemory<float> _values;

    /// <summary>A view of row-major values.</summary>
    /// <param name="values">rows x columns numbers; not copied.</param>
    /// <param name="rows">Images, at least 1.</param>
    /// <param name="columns">Feature width, at least 1.</param>
    /// <exception cref="InvalidInputException">The sizes disagree or a value is not finite.</exception>
    public FeatureMatrix(ReadOnlyMemory<float> values, int rows, int columns)
    {
        if (rows < 1 || columns < 1 || (long)rows * columns != values.Length)
        {
            throw new InvalidInputException("features", $"{values.Length} numbers for {rows} x {columns}", "the sizes disagree",
                "pass rows * columns numbers, at least one row and one column");
        }

        foreach (var value in values.Span)
        {
            if (!float.IsFinite(value))
                throw new InvalidInputException("features", value.ToString(), "is not finite", "leave out images whose features could not be computed");
        }

        _values = values;
        Rows = rows;
        Columns = columns;
    }

    /// <summary>Images.</summary>
    public int Rows { get; }

    /// <summary>Feature width.</summary>
    public int Columns { get; }

    /// <summary>The features of one image.</summary>
    public ReadOnlySpan<float> Row(int index) => _values.Span.Slice(index * Columns, Columns);

    internal void RequireComparable(FeatureMatrix other)
    {
        if (Columns != other.Columns)
        {
            throw new InvalidInputException("features", $"{Columns} and {other.Columns} columns", "two sets are compared in one feature space",
                "compute both sets with the same network");
        }

        if (Rows < 2 || other.Rows < 2)
        {
            throw new InvalidInputException("features", $"{Rows} and {other.Rows} rows", "an unbiased estimate needs two images of each set",
                "add images");
        }
    }
}
