namespace Realign.Core.Timings;

/// <summary>Wall-clock time of the parts of a call, in the order they ended; parts of one name are added up.</summary>
/// <param name="time">The clock; null = the system's.</param>
public sealed class CallTimings(TimeProvider? time = null)
{
    private readonly TimeProvider _time = time ?? TimeProvider.System;
    private readonly List<(string Name, TimeSpan Time)> _all = [];
    private readonly Lock _adding = new();
    private long _start = (time ?? TimeProvider.System).GetTimestamp();

    /// <summary>The parts so far.</summary>
    public IReadOnlyList<(string Name, TimeSpan Time)> All
    {
        get
        {
            lock (_adding)
                return [.. _all];
        }
    }

    /// <summary>Ends a part, which began where the one before ended, and begins the next.</summary>
    public void Mark(string name)
    {
        var now = _time.GetTimestamp();
        Add(name, _time.GetElapsedTime(_start, now));
        _start = now;
    }

    /// <summary>Begins the next part now; what passed since the last mark belongs to none.</summary>
    public void Restart() => _start = _time.GetTimestamp();

    /// <summary>Adds a part that was timed elsewhere; safe on any thread.</summary>
    public void Add(string name, TimeSpan duration)
    {
        lock (_adding)
        {
            var index = _all.FindIndex(known => known.Name == name);
            if (index < 0)
                _all.Add((name, duration));
            else
                _all[index] = (name, _all[index].Time + duration);
        }
    }
}
