using Realign.Core.Errors;

namespace Realign.Metrics.Frechet;

/// <summary>
/// Frechet distance of two Gaussians fitted to features (Heusel et al. 2017, reference: pytorch-fid):
/// |mu1 - mu2|^2 + Tr(S1 + S2 - 2 (S1 S2)^(1/2)). With A and B the centered features over sqrt(n - 1), the trace of the root is the
/// sum of singular values of A B^T: no matrix root is taken, and any rank is exact.
/// </summary>
public static class FrechetDistance
{
    /// <summary>The distance of two sets of features; can come out slightly below 0 when they are the same set.</summary>
    /// <param name="first">At least two images.</param>
    /// <param name="second">At least two images, same width.</param>
    /// <param name="covarianceOffset">Added to both covariances inside the root, as pytorch-fid does when its root is not finite; 0 = exact.</param>
    /// <exception cref="InvalidInputException">The sets are too small or of different width.</exception>
    public static double Between(FeatureMatrix first, FeatureMatrix second, double covarianceOffset = 0)
    {
        first.RequireComparable(second);
        ArgumentOutOfRangeException.ThrowIfNegative(covarianceOffset);
        var (meanA, a) = Centered(first);
        var (meanB, b) = Centered(second);
        return Combine(meanA, meanB, a, b, covarianceOffset);
    }

    /// <summary>The distance of two sets of which only mean and covariance are known: exact to about 1e-7 when a covariance is singular.</summary>
    /// <exception cref="InvalidInputException">The widths differ.</exception>
    /// <exception cref="FailedPreconditionException">Fewer than two vectors were seen.</exception>
    public static double Between(FeatureStatistics first, FeatureStatistics second)
    {
        if (first.Dimension != second.Dimension)
        {
            throw new InvalidInputException("features", $"{first.Dimension} and {second.Dimension} columns",
                "two sets are compared in one feature space", "compute both sets with the same network");
        }

        return Combine(first.Mean, second.Mean,
            SymmetricEigen.Factor(first.Covariance(), first.Dimension), SymmetricEigen.Factor(second.Covariance(), second.Dimension), 0);
    }

    private static double Combine(IReadOnlyList<double> meanA, IReadOnlyList<double> meanB, Matrix a, Matrix b, double offset)
    {
        var distance = 0.0;
        for (var i = 0; i < meanA.Count; i++)
            distance += (meanA[i] - meanB[i]) * (meanA[i] - meanB[i]);
        var left = (offset > 0 ? WithOffset(a, offset) : a).UpperFactor();
        var right = (offset > 0 ? WithOffset(b, offset) : b).UpperFactor();
        return distance + a.SquaredNorm() + b.SquaredNorm() - (2 * SingularValues.Sum(left.TimesTransposed(right)));
    }

    /// <summary>[A; sqrt(offset) I]: its Gram matrix is the covariance plus offset times the identity.</summary>
    private static Matrix WithOffset(Matrix matrix, double offset)
    {
        var result = new Matrix(matrix.Rows + matrix.Columns, matrix.Columns);
        for (var row = 0; row < matrix.Rows; row++)
            matrix.Row(row).CopyTo(result.Row(row));
        for (var i = 0; i < matrix.Columns; i++)
            result.Row(matrix.Rows + i)[i] = Math.Sqrt(offset);
        return result;
    }

    private static (IReadOnlyList<double> Mean, Matrix Centered) Centered(FeatureMatrix features)
    {
        var mean = new double[features.Columns];
        for (var row = 0; row < features.Rows; row++)
        {
            var values = features.Row(row);
            for (var i = 0; i < mean.Length; i++)
                mean[i] += values[i];
        }

        for (var i = 0; i < mean.Length; i++)
            mean[i] /= features.Rows;
        var centered = new Matrix(features.Rows, features.Columns);
        var scale = 1 / Math.Sqrt(features.Rows - 1);
        for (var row = 0; row < features.Rows; row++)
        {
            var values = features.Row(row);
            var target = centered.Row(row);
            for (var i = 0; i < mean.Length; i++)
                target[i] = (values[i] - mean[i]) * scale;
        }

        return (mean, centered);
    }
}
