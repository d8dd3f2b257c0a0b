namespace Realign.Core.Threads;

/// <summary>How many threads compute one operator of a model.</summary>
public static class ThreadCount
{
    private const long SmallModelBytes = 64 << 20;

    /// <summary>
    /// The number asked for; without one, one thread for a small model and all cores for others. Operators of a small model end sooner
    /// than a second thread wakes up, most of all on busy cores.
    /// </summary>
    /// <param name="requested">Threads, at least 1; 0 = choose.</param>
    /// <param name="weightBytes">Size of the weights.</param>
    public static int For(int requested, long weightBytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(requested);
        return requested > 0 ? requested : weightBytes < SmallModelBytes ? 1 : Environment.ProcessorCount;
    }
}
