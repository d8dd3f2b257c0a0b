using System.Numerics;
using System.Runtime.InteropServices;

namespace Realign.Metrics.Frechet;

/// <summary>Dense row-major matrix in double precision: just what the distances need.</summary>
internal sealed class Matrix(int rows, int columns)
{
    private readonly double[] _values = new double[(long)rows * columns];

    public int Rows { get; } = rows;

    public int Columns { get; } = columns;

    public Span<double> Row(int index) => _values.AsSpan(index * Columns, Columns);

    public double SquaredNorm() => Dot(_values, _values);

    /// <summary>this * other^T.</summary>
    public Matrix TimesTransposed(Matrix other)
    {
        var product = new Matrix(Rows, other.Rows);
        for (var i = 0; i < Rows; i++)
        {
            var row = Row(i);
            var target = product.Row(i);
            for (var j = 0; j < other.Rows; j++)
                target[j] = Dot(row, other.Row(j));
        }

        return product;
    }

    /// <summary>R of the QR factorisation (Householder): [min(rows, columns), columns] with R^T R = this^T this.</summary>
    public Matrix UpperFactor()
    {
        if (Rows <= Columns)
            return this;
        var columns = new double[Columns][];
        for (var j = 0; j < Columns; j++)
        {
            columns[j] = new double[Rows];
            for (var i = 0; i < Rows; i++)
                columns[j][i] = _values[(i * Columns) + j];
        }

        var factor = new Matrix(Columns, Columns);
        for (var k = 0; k < Columns; k++)
        {
            var pivot = columns[k].AsSpan(k);
            var norm = Math.Sqrt(Dot(pivot, pivot));
            var diagonal = pivot[0] > 0 ? -norm : norm;
            factor.Row(k)[k] = diagonal;
            if (norm == 0)
            {
                for (var j = k + 1; j < Columns; j++)
                    factor.Row(k)[j] = columns[j][k];
                continue;
            }

            pivot[0] -= diagonal;
            var scale = 2 / Dot(pivot, pivot);
            for (var j = k + 1; j < Columns; j++)
            {
                var target = columns[j].AsSpan(k);
                AddScaled(target, pivot, -scale * Dot(pivot, target));
                factor.Row(k)[j] = target[0];
            }
        }

        return factor;
    }

    public static double Dot(ReadOnlySpan<double> left, ReadOnlySpan<double> right)
    {
        var wideLeft = MemoryMarshal.Cast<double, Vector<double>>(left);
        var wideRight = MemoryMarshal.Cast<double, Vector<double>>(right);
        var sums = Vector<double>.Zero;
        for (var i = 0; i < wideLeft.Length; i++)
            sums += wideLeft[i] * wideRight[i];
        var sum = Vector.Sum(sums);
        for (var i = wideLeft.Length * Vector<double>.Count; i < left.Length; i++)
            sum += left[i] * right[i];
        return sum;
    }

    private static void AddScaled(Span<double> target, ReadOnlySpan<double> source, double factor)
    {
        var wideTarget = MemoryMarshal.Cast<double, Vector<double>>(target);
        var wideSource = MemoryMarshal.Cast<double, Vector<double>>(source);
        for (var i = 0; i < wideTarget.Length; i++)
            wideTarget[i] += wideSource[i] * factor;
        for (var i = wideTarget.Length * Vector<double>.Count; i < target.Length; i++)
            target[i] += source[i] * factor;
    }
}
