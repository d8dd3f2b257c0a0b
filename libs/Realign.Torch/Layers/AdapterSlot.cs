using static TorchSharp.torch;

namespace Realign.Torch.Layers;

/// <summary>
/// What adapters do to one layer: low-rank branches beside it (Hu et al. 2021), y += scale * up(down(x)), and a weight or bias in place of its
/// own, for kinds that are no branch. The layer's own are never written to. A plain object on purpose: its tensors are no state-dict keys of the model.
/// </summary>
public sealed class AdapterSlot
{
    private readonly List<LoraAdapter> _adapters = [];

    /// <summary>The adapters in use.</summary>
    public IReadOnlyList<LoraAdapter> Adapters => _adapters;

    /// <summary>Puts an adapter to use; the slot does not own its tensors.</summary>
    public void Attach(LoraAdapter adapter) => _adapters.Add(adapter);

    /// <summary>Takes this very adapter out of use, and no other of equal numbers.</summary>
    /// <returns>Whether it was in use.</returns>
    public bool Detach(LoraAdapter adapter)
    {
        var index = _adapters.FindLastIndex(attached => ReferenceEquals(attached, adapter));
        if (index >= 0)
            _adapters.RemoveAt(index);
        return index >= 0;
    }

    /// <summary>In place of the layer's own weight; null = the layer's own.</summary>
    public Tensor? Weight { get; private set; }

    /// <summary>In place of the layer's own bias; null = the layer's own.</summary>
    public Tensor? Bias { get; private set; }

    /// <summary>Puts a weight, a bias or both in place of the layer's own; the slot does not own them.</summary>
    /// <exception cref="InvalidOperationException">Something is in their place already: what is to add up has to be one weight.</exception>
    public void Replace(Tensor? weight, Tensor? bias)
    {
        if (Weight is not null || Bias is not null)
            throw new InvalidOperationException("The layer's weight or bias is replaced already.");
        (Weight, Bias) = (weight, bias);
    }

    /// <summary>The layer is its own again, but for branches.</summary>
    public void Restore() => (Weight, Bias) = (null, null);

    internal Tensor Add(Tensor input, Tensor output, Func<Tensor, Tensor, Tensor?, Tensor> apply)
    {
        foreach (var adapter in _adapters)
        {
            if (adapter.Scale == 0)
                continue;
            var low = apply(input, adapter.Down, null);
            output = output.add(adapter.ApplyUp(low), alpha: Scalars.Of(adapter.Scale));
        }

        return output;
    }
}
