using Realign.V1;

namespace Realign.Captioner.Requests;

/// <summary>Wall-clock time of the parts of a call.</summary>
internal sealed class StageWatch
{
    private readonly List<Timing> _timings = [];
    private long _start = TimeProvider.System.GetTimestamp();

    public IReadOnlyList<Timing> Timings => _timings;

    /// <summary>Ends a part and begins the next.</summary>
    public void Mark(string name)
    {
        _timings.Add(new Timing { Name = name, Milliseconds = TimeProvider.System.GetElapsedTime(_start).TotalMilliseconds });
        _start = TimeProvider.System.GetTimestamp();
    }
}
