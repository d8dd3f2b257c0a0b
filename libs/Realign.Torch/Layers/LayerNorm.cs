using Realign.Torch.Weights;
using TorchSharp.Modules;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace Realign.Torch.Layers;

/// <summary>Layer normalization over the last dimension. Keys: <c>weight</c>, <c>bias</c> [size].</summary>
public sealed class LayerNorm : nn.Module<Tensor, Tensor>, IParameterOwner, IAdaptedLayer
{
    private readonly long[] _shape;
    private readonly double _eps;

    /// <summary>[size].</summary>
    public Parameter weight;

    /// <summary>[size].</summary>
    public Parameter bias;

    /// <summary>What adapters do to this layer.</summary>
    public readonly AdapterSlot adapters = new();

    /// <summary>A layer over <paramref name="size"/> features.</summary>
    public LayerNorm(long size, double eps)
        : base(nameof(LayerNorm))
    {
        _shape = [size];
        _eps = eps;
        weight = new Parameter(empty(size, device: META), requires_grad: false);
        bias = new Parameter(empty(size, device: META), requires_grad: false);
        RegisterComponents();
    }

    void IParameterOwner.Place(string name, Parameter parameter)
    {
        if (name == nameof(weight))
            weight = parameter;
        else
            bias = parameter;
        ConditionallyRegisterParameter(name, parameter);
    }

    AdapterSlot IAdaptedLayer.Adapters => adapters;

    Tensor IAdaptedLayer.Weight => weight;

    Tensor? IAdaptedLayer.Bias => bias;

    /// <summary>(..., size) -> the same shape</summary>
    public override Tensor forward(Tensor input) => F.layer_norm(input, _shape, adapters.Weight ?? weight, adapters.Bias ?? bias, _eps);
}
