using Realign.Torch.Weights;
using TorchSharp.Modules;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace Realign.Torch.Layers;

/// <summary>y = x W^T + b. Parameters have no storage until weights are loaded. Keys: <c>weight</c> [out, in], <c>bias</c> [out].</summary>
public sealed class Linear : nn.Module<Tensor, Tensor>, IParameterOwner, IAdaptedLayer
{
    /// <summary>[out, in].</summary>
    public Parameter weight;

    /// <summary>[out]; null without a bias.</summary>
    public Parameter? bias;

    /// <summary>What adapters do to this layer.</summary>
    public readonly AdapterSlot adapters = new();

    /// <summary>A layer of the given sizes.</summary>
    public Linear(long inFeatures, long outFeatures, bool hasBias = true)
        : base(nameof(Linear))
    {
        weight = new Parameter(empty(outFeatures, inFeatures, device: META), requires_grad: false);
        if (hasBias)
            bias = new Parameter(empty(outFeatures, device: META), requires_grad: false);
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

    /// <summary>(..., in) -> (..., out)</summary>
    public override Tensor forward(Tensor input) => adapters.Add(input, F.linear(input, adapters.Weight ?? weight, adapters.Bias ?? bias), F.linear);
}
