using static TorchSharp.torch;

namespace Realign.Diffusion.UNet;

/// <summary>
/// Text states of a run, and the keys and values that each layer of cross-attention makes of them: they are the same in every step, for the
/// adapters that are attached now.
/// </summary>
/// <remarks>Not thread-safe. Owns the keys and values, not the states.</remarks>
/// <param name="states">(B, T, CrossAttentionDim)</param>
/// <param name="isKept">Whether layers keep what they make, without gradients; otherwise they make it anew in each pass.</param>
internal sealed class TextKeys(Tensor states, bool isKept = true) : IDisposable
{
    private readonly Dictionary<string, (Tensor Key, Tensor Value)> _layers = [];

    /// <summary>(B, T, CrossAttentionDim)</summary>
    public Tensor States => states;

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var (key, value) in _layers.Values)
        {
            key.Dispose();
            value.Dispose();
        }

        _layers.Clear();
    }

    /// <summary>What a layer made of the states; made now if this is its first step.</summary>
    public (Tensor Key, Tensor Value) Of(string layer, Func<Tensor, (Tensor Key, Tensor Value)> make)
    {
        if (_layers.TryGetValue(layer, out var known))
            return known;
        var (key, value) = make(states);
        if (!isKept)
            return (key, value);
        known = (key.DetachFromDisposeScope(), value.DetachFromDisposeScope());
        _layers.Add(layer, known);
        return known;
    }
}
