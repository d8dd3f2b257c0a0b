namespace Realign.Core.Images;

/// <summary>Run lengths from pieces in order; pieces of one value grow together.</summary>
internal sealed class RunBuilder
{
    private readonly List<uint> _counts = [];
    private bool _value;
    private long _run;

    public void Add(bool value, long length)
    {
        if (length == 0)
            return;
        if (value != _value)
        {
            _counts.Add((uint)_run);
            (_value, _run) = (value, 0);
        }

        _run += length;
    }

    public IReadOnlyList<uint> Finish()
    {
        _counts.Add((uint)_run);
        return _counts;
    }
}
