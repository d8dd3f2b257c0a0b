using static TorchSharp.torch;

namespace Realign.Torch.Layers;

/// <summary>
/// The LoRA adapters of one layer (Hu et al. 2021): y += scale * up(down(x)). Base weights are never touched.
/// A plain object on purpose: its tensors are no state-dict keys of the model.
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
