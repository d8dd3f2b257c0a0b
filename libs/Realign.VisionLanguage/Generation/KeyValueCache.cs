using static TorchSharp.torch;

namespace Realign.VisionLanguage.Generation;

/// <summary>
/// Keys and values of everything a decoder has read so far. Room for all tokens is reserved at the first append, so a step writes
/// only its own token. Owns its tensors, whatever dispose scope they were made in.
/// </summary>
/// <param name="capacity">Tokens at most, prompt included.</param>
internal sealed class KeyValueCache(int capacity) : IDisposable
{
    private readonly List<(Tensor Keys, Tensor Values, long Length)> _layers = [];
    private readonly Dictionary<int, (Tensor Keys, Tensor Values)> _fixed = [];

    /// <summary>Tokens read so far.</summary>
    public long Length => _layers.Count == 0 ? 0 : _layers[^1].Length;

    /// <summary>Writes the newest tokens of a layer, (B, H, T, D) each, and returns views of all of them.</summary>
    public (Tensor Keys, Tensor Values) Append(int layer, Tensor keys, Tensor values)
    {
        if (layer == _layers.Count)
            _layers.Add((Reserve(keys), Reserve(values), 0));
        var (allKeys, allValues, length) = _layers[layer];
        var added = keys.shape[2];
        if (length + added > capacity)
            throw new InvalidOperationException($"{length + added} tokens in a cache for {capacity}");
        _ = allKeys.narrow(2, length, added).copy_(keys);
        _ = allValues.narrow(2, length, added).copy_(values);
        _layers[layer] = (allKeys, allValues, length + added);
        return (allKeys.narrow(2, 0, length + added), allValues.narrow(2, 0, length + added));
    }

    /// <summary>Keys and values that do not grow (an image, an encoded prompt): computed at the first call, shared by all rows.</summary>
    public (Tensor Keys, Tensor Values) Fixed(int layer, long rows, Func<(Tensor Keys, Tensor Values)> compute)
    {
        if (!_fixed.TryGetValue(layer, out var pair))
        {
            var (keys, values) = compute();
            pair = (keys.contiguous().DetachFromDisposeScope(), values.contiguous().DetachFromDisposeScope());
            _fixed.Add(layer, pair);
        }

        return (pair.Keys.expand(rows, -1, -1, -1), pair.Values.expand(rows, -1, -1, -1));
    }

    /// <summary>Row i becomes a copy of row <paramref name="parents"/>[i]; also changes the number of rows.</summary>
    public void Reorder(ReadOnlySpan<long> parents)
    {
        using var scope = NewDisposeScope();
        if (_layers.Count == 0)
            return;
        var index = tensor(parents.ToArray(), device: _layers[0].Keys.device);
        for (var i = 0; i < _layers.Count; i++)
        {
            var (keys, values, length) = _layers[i];
            _layers[i] = (keys.index_select(0, index).DetachFromDisposeScope(), values.index_select(0, index).DetachFromDisposeScope(), length);
            keys.Dispose();
            values.Dispose();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var (keys, values, _) in _layers)
        {
            keys.Dispose();
            values.Dispose();
        }

        foreach (var (keys, values) in _fixed.Values)
        {
            keys.Dispose();
            values.Dispose();
        }

        _layers.Clear();
        _fixed.Clear();
    }

    private Tensor Reserve(Tensor first) =>
        empty([first.shape[0], first.shape[1], capacity, first.shape[3]], first.dtype, first.device).DetachFromDisposeScope();
}
