using Realign.Torch.Weights;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Realign.Torch.Layers;

/// <summary>2-d convolution. Keys: <c>weight</c> [out, in, k, k], <c>bias</c> [out].</summary>
public sealed class Conv2d : nn.Module<Tensor, Tensor>, IParameterOwner, IAdaptedLayer
{
    private readonly long[] _stride;
    private readonly long[] _padding;

    /// <summary>[out, in, k, k].</summary>
    public Parameter weight;

    /// <summary>[out]; null without a bias.</summary>
    public Parameter? bias;

    /// <summary>What adapters do to this layer.</summary>
    public readonly AdapterSlot adapters = new();

    /// <summary>A layer of the given sizes with a square kernel.</summary>
    public Conv2d(long inChannels, long outChannels, long kernelSize, long stride = 1, long padding = 0, bool hasBias = true)
        : base(nameof(Conv2d))
    {
        _stride = [stride, stride];
        _padding = [padding, padding];
        weight = new Parameter(empty(outChannels, inChannels, kernelSize, kernelSize, device: META), requires_grad: false);
        if (hasBias)
            bias = new Parameter(empty(outChannels, device: META), requires_grad: false);
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

    /// <summary>(B, in, H, W) -> (B, out, H', W')</summary>
    public override Tensor forward(Tensor input) => forward(input, CancellationToken.None);

    /// <summary>The same.</summary>
    /// <exception cref="OperationCanceledException">The token was set; a large convolution looks at it on the way.</exception>
    public Tensor forward(Tensor input, CancellationToken cancellation)
    {
        return adapters.Add(input, Apply(input, adapters.Weight ?? weight, adapters.Bias ?? bias), Apply);

        Tensor Apply(Tensor tensor, Tensor kernel, Tensor? offset) => Convolution.Apply(tensor, kernel, offset, _stride, _padding, cancellation);
    }
}
