using Realign.Torch.Weights;
using TorchSharp.Modules;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace Realign.Torch.Layers;

/// <summary>Group normalization. Keys: <c>weight</c>, <c>bias</c> [channels].</summary>
public sealed class GroupNorm : nn.Module<Tensor, Tensor>, IParameterOwner
{
    private readonly long _groups;
    private readonly double _eps;

    /// <summary>[channels].</summary>
    public Parameter weight;

    /// <summary>[channels].</summary>
    public Parameter bias;

    /// <summary>A layer over <paramref name="channels"/> in <paramref name="groups"/> groups.</summary>
    public GroupNorm(long groups, long channels, double eps)
        : base(nameof(GroupNorm))
    {
        _groups = groups;
        _eps = eps;
        weight = new Parameter(empty(channels, device: META), requires_grad: false);
        bias = new Parameter(empty(channels, device: META), requires_grad: false);
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

    /// <summary>(B, C, ...) -> the same shape</summary>
    public override Tensor forward(Tensor input) => F.group_norm(input, _groups, weight, bias, _eps);
}
