using static TorchSharp.torch;

namespace Realign.Diffusion.Schedulers;

/// <summary>Outputs of the last steps, newest first. Owns its tensors: they outlive the dispose scope of the step.</summary>
internal sealed class StepHistory(int capacity)
{
    private readonly List<Tensor> _tensors = [];

    public int Count => _tensors.Count;

    public Tensor this[int age] => _tensors[age];

    public void Add(Tensor tensor)
    {
        _tensors.Insert(0, tensor.alias().DetachFromDisposeScope());
        if (_tensors.Count <= capacity)
            return;
        _tensors[^1].Dispose();
        _tensors.RemoveAt(capacity);
    }

    public void Clear()
    {
        foreach (var tensor in _tensors)
            tensor.Dispose();
        _tensors.Clear();
    }

    /// <summary>Keeps one tensor beyond the dispose scope and lets the old one go.</summary>
    public static void Replace(ref Tensor? kept, Tensor? tensor)
    {
        var old = kept;
        kept = tensor?.alias().DetachFromDisposeScope();
        old?.Dispose();
    }
}
