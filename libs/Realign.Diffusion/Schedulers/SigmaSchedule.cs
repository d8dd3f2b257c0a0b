namespace Realign.Diffusion.Schedulers;

/// <summary>Noise levels sigma = sqrt((1 - abar) / abar) of training, and the spacings of a run.</summary>
internal sealed class SigmaSchedule
{
    // Karras et al. 2022, section 3
    private const double Rho = 7;
    private const double BetaShape = 0.6;
    private readonly double[] _train;
    private readonly double[] _logs;

    public SigmaSchedule(float[] alphas)
    {
        _train = Array.ConvertAll(alphas, alpha => (double)MathF.Sqrt((1 - alpha) / alpha));
        _logs = Array.ConvertAll(_train, sigma => (double)MathF.Log((float)sigma));
    }

    public double Smallest => _train[0];

    public double Largest => _train[^1];

    public double At(double time)
    {
        var low = Math.Clamp((int)Math.Floor(time), 0, _train.Length - 1);
        var high = Math.Min(low + 1, _train.Length - 1);
        return _train[low] + ((_train[high] - _train[low]) * Math.Clamp(time - low, 0, 1));
    }

    /// <summary>The fractional timestep of a noise level.</summary>
    public double TimeOf(double sigma)
    {
        var log = Math.Log(Math.Max(sigma, 1e-10));
        var low = Math.Clamp(Array.FindLastIndex(_logs, entry => entry <= log), 0, _logs.Length - 2);
        var weight = Math.Clamp((_logs[low] - log) / (_logs[low] - _logs[low + 1]), 0, 1);
        return low + weight;
    }

    /// <summary>Levels from <paramref name="largest"/> down to <paramref name="smallest"/>.</summary>
    public static double[] Space(SigmaSpacing spacing, double largest, double smallest, int count) => spacing switch
    {
        SigmaSpacing.Karras => Ramp(Math.Pow(largest, 1 / Rho), Math.Pow(smallest, 1 / Rho), count, root => Math.Pow(root, Rho)),
        SigmaSpacing.Beta => Ramp(1, 0, count, share => smallest + (BetaQuantile.Symmetric(share, BetaShape) * (largest - smallest))),
        _ => Ramp(Math.Log(largest), Math.Log(smallest), count, Math.Exp),
    };

    private static double[] Ramp(double from, double to, int count, Func<double, double> map) =>
        [.. Enumerable.Range(0, count).Select(i => map(count == 1 ? from : from + (i * ((to - from) / (count - 1)))))];
}
