using Realign.Torch.Weights;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Realign.Torch.Layers;

/// <summary>Rows of a table by index. Key: <c>weight</c> [entries, size].</summary>
public sealed class Embedding : nn.Module<Tensor, Tensor>, IParameterOwner
{
    private readonly long _size;

    /// <summary>[entries, size].</summary>
    public Parameter weight;

    /// <summary>A table of the given size.</summary>
    public Embedding(long entries, long size)
        : base(nameof(Embedding))
    {
        _size = size;
        weight = new Parameter(empty(entries, size, device: META), requires_grad: false);
        RegisterComponents();
    }

    void IParameterOwner.Place(string name, Parameter parameter)
    {
        weight = parameter;
        ConditionallyRegisterParameter(name, parameter);
    }

    /// <summary>int64 (...) -> (..., size). Indices must be inside the table; check them before.</summary>
    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        return weight.index_select(0, input.flatten()).view([.. input.shape, _size]).MoveToOuterDisposeScope();
    }
}
