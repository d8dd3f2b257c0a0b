namespace Realign.Metrics.Frechet;

/// <summary>Eigenvalues and vectors of a covariance by cyclic Jacobi rotations.</summary>
internal static class SymmetricEigen
{
    private const int MaxSweeps = 60;

    /// <summary>F [d, d] with F^T F = the covariance; eigenvalues that rounding pushed below 0 count as 0.</summary>
    /// <param name="covariance">Symmetric, row-major; overwritten.</param>
    /// <param name="dimension">d.</param>
    public static Matrix Factor(double[] covariance, int dimension)
    {
        var matrix = new Matrix(dimension, dimension);
        covariance.AsSpan().CopyTo(MemoryOf(matrix, covariance.Length));
        var vectors = new Matrix(dimension, dimension);
        for (var i = 0; i < dimension; i++)
            vectors.Row(i)[i] = 1;
        for (var sweep = 0; sweep < MaxSweeps; sweep++)
        {
            if (!Sweep(matrix, vectors))
                break;
        }

        for (var i = 0; i < dimension; i++)
        {
            var root = Math.Sqrt(Math.Max(matrix.Row(i)[i], 0));
            foreach (ref var value in vectors.Row(i))
                value *= root;
        }

        return vectors;
    }

    private static Span<double> MemoryOf(Matrix matrix, int length) =>
        System.Runtime.InteropServices.MemoryMarshal.CreateSpan(ref matrix.Row(0)[0], length);

    private static bool Sweep(Matrix matrix, Matrix vectors)
    {
        var rotated = false;
        for (var p = 0; p < matrix.Rows - 1; p++)
        {
            for (var q = p + 1; q < matrix.Rows; q++)
            {
                var off = matrix.Row(p)[q];
                var (left, right) = (matrix.Row(p)[p], matrix.Row(q)[q]);
                if (Math.Abs(off) <= 1e-16 * Math.Sqrt(Math.Abs(left * right)))
                    continue;
                rotated = true;
                var theta = (right - left) / (2 * off);
                var tangent = Math.CopySign(1, theta) / (Math.Abs(theta) + Math.Sqrt(1 + (theta * theta)));
                var cosine = 1 / Math.Sqrt(1 + (tangent * tangent));
                var sine = cosine * tangent;
                RotateRows(matrix.Row(p), matrix.Row(q), cosine, sine);
                for (var i = 0; i < matrix.Rows; i++)
                {
                    var row = matrix.Row(i);
                    (row[p], row[q]) = ((cosine * row[p]) - (sine * row[q]), (sine * row[p]) + (cosine * row[q]));
                }

                matrix.Row(p)[q] = matrix.Row(q)[p] = 0;
                RotateRows(vectors.Row(p), vectors.Row(q), cosine, sine);
            }
        }

        return rotated;
    }

    private static void RotateRows(Span<double> p, Span<double> q, double cosine, double sine)
    {
        for (var i = 0; i < p.Length; i++)
            (p[i], q[i]) = ((cosine * p[i]) - (sine * q[i]), (sine * p[i]) + (cosine * q[i]));
    }
}
