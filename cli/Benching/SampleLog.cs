namespace Realign.Cli.Benching;

/// <summary>Calls that have ended since it was looked at last. Thread-safe.</summary>
internal sealed class SampleLog
{
    private readonly Lock _lock = new();
    private List<CallSample> _samples = [];

    public int Count
    {
        get
        {
            lock (_lock)
                return _samples.Count;
        }
    }

    public void Add(CallSample sample)
    {
        lock (_lock)
            _samples.Add(sample);
    }

    /// <summary>Gives them and forgets them.</summary>
    public IReadOnlyList<CallSample> Take()
    {
        lock (_lock)
        {
            var taken = _samples;
            _samples = [];
            return taken;
        }
    }
}
