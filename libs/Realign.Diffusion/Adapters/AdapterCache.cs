namespace Realign.Diffusion.Adapters;

/// <summary>
/// Loaded adapters and the last set made of them, kept while they fit into a bound; the least recently used go first. What a call needs it gets,
/// whatever the bound: that decides what is left after it.
/// </summary>
/// <param name="maxBytes">Most memory that is kept between calls.</param>
/// <remarks>Use on the thread of the model.</remarks>
internal sealed class AdapterCache(long maxBytes) : IDisposable
{
    // the most recently used last
    private readonly List<Entry> _entries = [];
    private AdapterSet? _set;

    /// <summary>Memory that is held.</summary>
    public long Bytes => _entries.Sum(entry => entry.Bytes) + (_set?.Bytes ?? 0);

    /// <summary>How often a file was loaded.</summary>
    public int Loads { get; private set; }

    /// <summary>A loaded adapter in the state that is on disk.</summary>
    public AdapterWeights Get(string path, FileVersion version, Func<AdapterWeights> load)
    {
        var entry = _entries.Find(item => item.Path == path);
        if (entry is not null && !entry.Version.IsCurrent(version))
        {
            Drop(entry);
            entry = null;
        }

        if (entry is null)
        {
            var weights = load();
            entry = new Entry(path, version, weights, weights.Bytes);
            Loads++;
        }
        else
        {
            _ = _entries.Remove(entry);
        }

        _entries.Add(entry);
        return entry.Weights;
    }

    /// <summary>The set that these make: the last one, if it is the same.</summary>
    public AdapterSet Combine(IReadOnlyList<(AdapterWeights Weights, AdapterStrengths Strengths)> adapters, CancellationToken cancellation)
    {
        if (_set is not null && !_set.Adapters.SequenceEqual(adapters))
            DropSet();
        return _set ??= AdapterSet.Create(adapters, cancellation);
    }

    /// <summary>Lets go of what does not fit.</summary>
    /// <param name="needed">Adapters of the call at hand, which stay.</param>
    public void Trim(IReadOnlySet<string> needed)
    {
        // between calls the set goes before the files that it was made of: it can be made of them again
        DropWhileTooLarge(entry => !needed.Contains(entry.Path) && (needed.Count > 0 || !IsInSet(entry)));
        if (needed.Count > 0 || Bytes <= maxBytes)
            return;
        DropSet();
        DropWhileTooLarge(_ => true);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        DropSet();
        foreach (var entry in _entries)
            entry.Weights.Dispose();
        _entries.Clear();
    }

    private bool IsInSet(Entry entry) => _set is not null && _set.Adapters.Any(item => ReferenceEquals(item.Weights, entry.Weights));

    private void DropWhileTooLarge(Predicate<Entry> may)
    {
        while (Bytes > maxBytes && _entries.Find(may) is { } entry)
            Drop(entry);
    }

    private void Drop(Entry entry)
    {
        if (IsInSet(entry))
            DropSet();
        _ = _entries.Remove(entry);
        entry.Weights.Dispose();
    }

    private void DropSet()
    {
        _set?.Dispose();
        _set = null;
    }

    private sealed record Entry(string Path, FileVersion Version, AdapterWeights Weights, long Bytes);
}
