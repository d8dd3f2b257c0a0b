namespace Realign.Gateway.Backends;

/// <summary>
/// Hands out Generators to calls, those with the fewest running calls first. One that could not be reached is the last choice for a while:
/// it has no running calls, so it would be the first one for every call otherwise.
/// </summary>
internal sealed class GeneratorPool(BackendSet backends, TimeProvider time)
{
    /// <summary>How long one that could not be reached is the last choice.</summary>
    private static readonly TimeSpan _avoidance = TimeSpan.FromSeconds(10);

    private readonly Lock _lock = new();
    private readonly int[] _running = new int[backends.Generators.Count];
    private readonly long?[] _lost = new long?[backends.Generators.Count];

    /// <summary>How many there are.</summary>
    public int Count => _running.Length;

    /// <summary>Takes different Generators for the length of a call.</summary>
    /// <param name="count">1 to <see cref="Count"/>.</param>
    public GeneratorLease Take(int count)
    {
        lock (_lock)
        {
            var taken = Enumerable.Range(0, Count).OrderBy(IsAvoided).ThenBy(i => _running[i]).Take(count).ToArray();
            foreach (var i in taken)
                _running[i]++;
            return new GeneratorLease([.. taken.Select(i => backends.Generators[i])], () => Return(taken));
        }
    }

    /// <summary>Notes that a Generator could not be reached.</summary>
    public void Avoid(GeneratorBackend generator)
    {
        lock (_lock)
            _lost[IndexOf(generator)] = time.GetTimestamp();
    }

    private bool IsAvoided(int index) => _lost[index] is { } since && time.GetElapsedTime(since) < _avoidance;

    private void Return(int[] taken)
    {
        lock (_lock)
        {
            foreach (var i in taken)
                _running[i]--;
        }
    }

    private int IndexOf(GeneratorBackend generator) => Enumerable.Range(0, Count).First(i => backends.Generators[i] == generator);
}
