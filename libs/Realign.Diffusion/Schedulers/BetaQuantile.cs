namespace Realign.Diffusion.Schedulers;

/// <summary>Quantiles of the symmetric beta distribution.</summary>
internal static class BetaQuantile
{
    private const int Nodes = 400;

    /// <summary>x with P(X &lt;= x) = <paramref name="probability"/> for X ~ Beta(shape, shape), shape below 1.</summary>
    public static double Symmetric(double probability, double shape)
    {
        if (probability is <= 0 or >= 1)
            return Math.Clamp(probability, 0, 1);
        if (probability > 0.5)
            return 1 - Symmetric(1 - probability, shape);
        // the distribution is symmetric, so twice the integral up to 1/2 is the whole
        var wanted = probability * 2 * Integral(0.5, shape);
        var (low, high) = (0.0, 0.5);
        for (var i = 0; i < 100 && high - low > 1e-16; i++)
        {
            var middle = (low + high) / 2;
            if (Integral(middle, shape) < wanted)
                low = middle;
            else
                high = middle;
        }

        return (low + high) / 2;
    }

    // integral of t^(a-1) (1-t)^(a-1) from 0 to x; u = t^a removes the pole at 0, then Simpson's rule
    private static double Integral(double x, double shape)
    {
        var width = Math.Pow(x, shape) / Nodes;
        var sum = 0.0;
        for (var i = 0; i <= Nodes; i++)
        {
            var weight = i is 0 or Nodes ? 1 : i % 2 == 1 ? 4 : 2;
            sum += weight * Math.Pow(1 - Math.Pow(i * width, 1 / shape), shape - 1);
        }

        return sum * width / 3 / shape;
    }
}
