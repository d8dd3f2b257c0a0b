namespace Realign.Diffusion.Schedulers;

/// <summary>Betas and cumulative alphas of training, in single precision as the published tables are.</summary>
internal static class NoiseSchedule
{
    /// <summary>Product of (1 - beta) up to each timestep.</summary>
    public static float[] AlphasCumprod(NoiseConfig config)
    {
        var (count, start, end) = (config.NumTrainTimesteps, config.BetaStart, config.BetaEnd);
        var betas = config.BetaSchedule switch
        {
            BetaSchedule.Linear => Linspace((float)start, (float)end, count),
            BetaSchedule.ScaledLinear => Array.ConvertAll(Linspace((float)Math.Sqrt(start), (float)Math.Sqrt(end), count), root => root * root),
            _ => Cosine(count),
        };
        var alphas = Array.ConvertAll(betas, beta => 1 - beta);
        return Cumulate(config.RescaleBetasZeroSnr ? Rescale(alphas) : alphas);
    }

    // one rounding per entry, like the kernel that made the published tables: all of them equal to the last bit
    private static float[] Linspace(float start, float end, int count)
    {
        var step = (end - start) / (count - 1);
        return [.. Enumerable.Range(0, count).Select(i => i < count / 2
            ? MathF.FusedMultiplyAdd(step, i, start)
            : MathF.FusedMultiplyAdd(-step, count - 1 - i, end))];
    }

    private static float[] Cosine(int count)
    {
        return [.. Enumerable.Range(0, count).Select(i => (float)Math.Min(1 - (Bar((i + 1.0) / count) / Bar(i / (double)count)), 0.999))];

        static double Bar(double time)
        {
            var cosine = Math.Cos((time + 0.008) / 1.008 * Math.PI / 2);
            return cosine * cosine;
        }
    }

    // Lin et al. 2023, algorithm 1: shift sqrt(abar) so that it ends at 0, scale so that it starts where it did
    private static float[] Rescale(float[] alphas)
    {
        var roots = Array.ConvertAll(Cumulate(alphas), MathF.Sqrt);
        var (first, last) = (roots[0], roots[^1]);
        var bars = Array.ConvertAll(roots, root => (root - last) * (first / (first - last)));
        bars = Array.ConvertAll(bars, root => root * root);
        return [.. bars.Select((bar, i) => 1 - (1 - (i == 0 ? bar : bar / bars[i - 1])))];
    }

    private static float[] Cumulate(float[] alphas)
    {
        var product = 1.0;
        return Array.ConvertAll(alphas, alpha => (float)(product *= alpha));
    }
}
