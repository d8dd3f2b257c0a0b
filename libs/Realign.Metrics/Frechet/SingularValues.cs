namespace Realign.Metrics.Frechet;

/// <summary>Singular values by one-sided Jacobi rotations (Hestenes 1958): small ones keep their relative accuracy.</summary>
internal static class SingularValues
{
    private const int MaxSweeps = 60;

    /// <summary>Nuclear norm. The rows of the matrix are rotated in place until they are orthogonal; their lengths are the singular values.</summary>
    public static double Sum(Matrix matrix)
    {
        var epsilon = 1e-15 * Math.Sqrt(matrix.Columns);
        for (var sweep = 0; sweep < MaxSweeps; sweep++)
        {
            var rotated = false;
            for (var p = 0; p < matrix.Rows - 1; p++)
            {
                for (var q = p + 1; q < matrix.Rows; q++)
                    rotated |= Rotate(matrix.Row(p), matrix.Row(q), epsilon);
            }

            if (!rotated)
                break;
        }

        var sum = 0.0;
        for (var row = 0; row < matrix.Rows; row++)
            sum += Math.Sqrt(Matrix.Dot(matrix.Row(row), matrix.Row(row)));
        return sum;
    }

    private static bool Rotate(Span<double> p, Span<double> q, double epsilon)
    {
        var alpha = Matrix.Dot(p, p);
        var beta = Matrix.Dot(q, q);
        var gamma = Matrix.Dot(p, q);
        if (Math.Abs(gamma) <= epsilon * Math.Sqrt(alpha * beta))
            return false;
        var zeta = (beta - alpha) / (2 * gamma);
        var tangent = Math.CopySign(1, zeta) / (Math.Abs(zeta) + Math.Sqrt(1 + (zeta * zeta)));
        var cosine = 1 / Math.Sqrt(1 + (tangent * tangent));
        var sine = cosine * tangent;
        for (var i = 0; i < p.Length; i++)
        {
            var left = p[i];
            p[i] = (cosine * left) - (sine * q[i]);
            q[i] = (sine * left) + (cosine * q[i]);
        }

        return true;
    }
}
