using Realign.Torch.Layers;
using Shouldly;
using Xunit;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace Realign.Torch.Tests;

/// <summary>Group norm of maps with their channels last, which the library computes slowly, against the library.</summary>
public sealed class GroupNormTests
{
    [Theory]
    [InlineData(8, 8)]
    [InlineData(5, 7)]
    [InlineData(4, 4)]
    [InlineData(40, 30)]
    public void ChannelsLast_IsTheSame(int height, int width)
    {
        using var scope = NewDisposeScope();
        using var grad = no_grad();
        var map = randn([2, 96, height, width], generator: new Generator(3)).mul(Scalars.Of(3)).add(Scalars.Of(7));
        var (weight, bias) = (randn(96), randn(96));
        using var norm = new GroupNorm(32, 96, 1e-5);
        var owner = (Realign.Torch.Weights.IParameterOwner)norm;
        owner.Place("weight", new TorchSharp.Modules.Parameter(weight, requires_grad: false));
        owner.Place("bias", new TorchSharp.Modules.Parameter(bias, requires_grad: false));

        var normed = norm.forward(ChannelsLast.Of(map));

        normed.stride(1).ShouldBe(1);
        normed.sub(F.group_norm(map, 32, norm.weight, norm.bias, 1e-5)).abs().max().item<float>().ShouldBeLessThan(1e-4f);
    }
}
