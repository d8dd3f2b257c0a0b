namespace Realign.Balancing.Replicas;

/// <summary>How long one replica took for its latest answers, method by method. Thread-safe.</summary>
internal sealed class ReplicaLatencies
{
    private const int Kept = 100;

    /// <summary>Fewer answers tell nothing of the slowest twentieth.</summary>
    private const int Fewest = 20;

    /// <summary>The percentile is computed anew after so many answers.</summary>
    private const int Refresh = 10;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, Latest> _methods = new(StringComparer.Ordinal);

    /// <summary>A call was answered well.</summary>
    public void Add(string method, TimeSpan time)
    {
        lock (_lock)
        {
            if (!_methods.TryGetValue(method, out var latest))
                _methods[method] = latest = new Latest();
            latest.Times[latest.Count % Kept] = time;
            latest.Count++;
            if (latest.Count >= Fewest && latest.Count % Refresh == 0)
                latest.P95 = Percentile(latest.Times.AsSpan(0, Math.Min(latest.Count, Kept)));
        }
    }

    /// <summary>The time that 95 of 100 answers do not exceed; null as long as there are too few.</summary>
    public TimeSpan? P95(string method)
    {
        lock (_lock)
            return _methods.TryGetValue(method, out var latest) ? latest.P95 : null;
    }

    private static TimeSpan Percentile(ReadOnlySpan<TimeSpan> times)
    {
        var sorted = times.ToArray();
        Array.Sort(sorted);
        return sorted[(19 * sorted.Length / 20) - 1];
    }

    private sealed class Latest
    {
        public TimeSpan[] Times { get; } = new TimeSpan[Kept];

        public int Count { get; set; }

        public TimeSpan? P95 { get; set; }
    }
}
