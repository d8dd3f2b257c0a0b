namespace Realign.Training.Feedback;

/// <summary>Which steps of a rollout are trained (DRTune, Wu et al. 2024).</summary>
public static class GradedSteps
{
    /// <summary>Largest offset that keeps <paramref name="count"/> equally spaced steps inside the run: T - (K - 1) floor(T / K).</summary>
    public static int MaxOffset(int steps, int count)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(steps, count);
        return steps - ((count - 1) * (steps / count));
    }

    /// <summary>Step indices (0 = noisiest) of K equally spaced steps.</summary>
    /// <param name="steps">T.</param>
    /// <param name="count">K, 1..T.</param>
    /// <param name="offset">Counted from the clean end, 1..<see cref="MaxOffset"/>.</param>
    /// <returns>Ascending.</returns>
    public static IReadOnlyList<int> Equidistant(int steps, int count, int offset)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(offset, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset, MaxOffset(steps, count));
        return [.. Enumerable.Range(0, count).Select(j => steps - (offset + (j * (steps / count)))).Order()];
    }

    /// <summary>The last K steps: DRaFT-K and truncated back-propagation.</summary>
    public static IReadOnlyList<int> Last(int steps, int count)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(steps, count);
        return [.. Enumerable.Range(steps - count, count)];
    }
}
