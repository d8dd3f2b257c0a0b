using Realign.Torch.Weights;
using TorchSharp.Modules;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace Realign.Torch.Layers;

/// <summary>Group normalization. Keys: <c>weight</c>, <c>bias</c> [channels].</summary>
public sealed class GroupNorm : nn.Module<Tensor, Tensor>, IParameterOwner, IAdaptedLayer
{
    private const int FewestPixels = 32;
    private const int MostPixels = 1024;
    private const int ManyChannels = 16;
    private readonly long _groups;
    private readonly double _eps;

    /// <summary>[channels].</summary>
    public Parameter weight;

    /// <summary>[channels].</summary>
    public Parameter bias;

    /// <summary>What adapters do to this layer.</summary>
    public readonly AdapterSlot adapters = new();

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

    AdapterSlot IAdaptedLayer.Adapters => adapters;

    Tensor IAdaptedLayer.Weight => weight;

    Tensor? IAdaptedLayer.Bias => bias;

    /// <summary>(B, C, ...) -> the same shape, in the same order in memory</summary>
    public override Tensor forward(Tensor input)
    {
        ArgumentNullException.ThrowIfNull(input);
        var (gain, offset) = (adapters.Weight ?? weight, adapters.Bias ?? bias);
        return IsSlowInLibrary(input) ? OfSmallMaps(input, gain, offset) : F.group_norm(input, _groups, gain, offset, _eps);
    }

    // channels last, few channels in a group: the library walks through the pixels one by one, 2 to 10 times slower than by whole-map operations
    private bool IsSlowInLibrary(Tensor input) => input.dim() == 4 && input.dtype == ScalarType.Float32 && input.stride(1) == 1
        && input.device.type == TorchSharp.DeviceType.CPU
        && input.shape[2] * input.shape[3] is >= FewestPixels and < MostPixels && input.shape[1] / _groups < ManyChannels;

    private Tensor OfSmallMaps(Tensor input, Tensor gain, Tensor offset)
    {
        using var scope = NewDisposeScope();
        var (batch, channels, height, width) = (input.shape[0], input.shape[1], input.shape[2], input.shape[3]);
        var pixels = input.permute(0, 2, 3, 1).reshape(batch, height * width, channels);
        // mean over the pixels and channels of a group, for each of its channels: (B, 1, C)
        Tensor GroupMean(Tensor values) => values.mean([1]).view(batch, _groups, -1).mean([2], keepdim: true)
            .expand(batch, _groups, channels / _groups).reshape(batch, 1, channels);
        var centered = pixels.sub(GroupMean(pixels));
        var deviation = GroupMean(centered.square()).add(Scalars.Of(_eps)).rsqrt();
        return centered.mul(deviation.mul(gain)).add(offset).view(batch, height, width, channels).permute(0, 3, 1, 2).MoveToOuterDisposeScope();
    }
}
