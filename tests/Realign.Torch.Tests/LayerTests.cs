using Realign.Core.Errors;
using Realign.Torch.Layers;
using Shouldly;
using TorchSharp.Modules;
using Xunit;
using static TorchSharp.torch;
using Conv2d = Realign.Torch.Layers.Conv2d;
using Embedding = Realign.Torch.Layers.Embedding;
using Linear = Realign.Torch.Layers.Linear;

namespace Realign.Torch.Tests;

/// <summary>The own leaf layers: adapters, live tensors, settings.</summary>
public sealed class LayerTests
{
    [Fact]
    public void Forward_ManyCalls_LeaveNoTensors()
    {
        using var outer = NewDisposeScope();
        using var linear = new Linear(4, 4) { weight = Filled(4, 4), bias = Filled(4) };
        using var conv = new Conv2d(2, 3, 3, padding: 1) { weight = Filled(3, 2, 3, 3), bias = Filled(3) };
        using var table = new Embedding(5, 4) { weight = Filled(5, 4) };
        using var image = rand(1, 2, 8, 8);
        using var ids = TensorConvert.FromArray([0L, 4L, 2L], 1, 3);
        linear.adapters.Attach(new LoraAdapter(Filled(2, 4), Filled(4, 2), 0.5));
        Step();
        var before = Tensor.TotalCount;

        for (var i = 0; i < 20; i++)
            Step();

        Tensor.TotalCount.ShouldBe(before);

        void Step()
        {
            using var scope = NewDisposeScope();
            var states = linear.forward(table.forward(ids));
            _ = Attention.MergeHeads(Attention.ScaledDotProduct(Attention.SplitHeads(states, 2), Attention.SplitHeads(states, 2),
                Attention.SplitHeads(states, 2)));
            _ = conv.forward(image);
        }
    }

    [Fact]
    public void Adapter_AttachedAndDetached_AddsExactlyItsProduct()
    {
        using var scope = NewDisposeScope();
        using var linear = new Linear(4, 3, hasBias: false) { weight = new Parameter(rand(3, 4), requires_grad: false) };
        var adapter = new LoraAdapter(rand(2, 4), rand(3, 2), 0.7);
        var input = rand(5, 4);
        var plain = linear.forward(input);

        linear.adapters.Attach(adapter);
        var adapted = linear.forward(input);
        var merged = nn.functional.linear(input, adapter.MergeInto(linear.weight));
        linear.adapters.Detach(adapter).ShouldBeTrue();

        adapted.sub(merged).abs().max().item<float>().ShouldBeLessThan(1e-5f);
        adapted.sub(plain).abs().max().item<float>().ShouldBeGreaterThan(0.01f);
        linear.forward(input).ToSingles().ShouldBe(plain.ToSingles());
        linear.adapters.Detach(adapter).ShouldBeFalse();
    }

    [Fact]
    public void Adapter_ScaleZero_ChangesNoBit()
    {
        using var scope = NewDisposeScope();
        using var conv = new Conv2d(2, 3, 3, hasBias: false) { weight = new Parameter(rand(3, 2, 3, 3), requires_grad: false) };
        var input = rand(1, 2, 6, 6);
        var plain = conv.forward(input).ToSingles();

        conv.adapters.Attach(new LoraAdapter(rand(1, 2, 3, 3), rand(3, 1, 1, 1), 0));

        conv.forward(input).ToSingles().ShouldBe(plain);
    }

    [Fact]
    public void CausalMask_HidesTheFutureOnly()
    {
        using var scope = NewDisposeScope();

        var mask = Attention.CausalMask(3, ScalarType.Float32, CPU).ToSingles();

        for (var i = 0; i < 9; i++)
            (mask[i] == 0).ShouldBe(i % 3 <= i / 3, $"row {i / 3}, column {i % 3}");
    }

    [Theory]
    [InlineData("tpu", "float32")]
    [InlineData("cuda:x", "float32")]
    [InlineData("cuda:-1", "float32")]
    [InlineData("cpu", "float8")]
    [InlineData("cpu", "")]
    public void Placement_UnknownSetting_IsRefused(string device, string type) =>
        Should.Throw<FailedPreconditionException>(() => TorchPlacement.Parse(device, type)).WayOut.ShouldStartWith("use ");

    [Fact]
    public void Convert_AnyStridesAndTypes_ComeBackInRowMajorOrder()
    {
        using var scope = NewDisposeScope();
        var turned = TensorConvert.FromArray([1f, 2, 3, 4, 5, 6], 2, 3).t();

        turned.ToSingles().ShouldBe([1f, 4, 2, 5, 3, 6]);
        turned.to(ScalarType.Float16).ToSingles().ShouldBe([1f, 4, 2, 5, 3, 6]);
        turned.ToInt64s().ShouldBe([1L, 4, 2, 5, 3, 6]);
        zeros(0, 3).ToSingles().ShouldBeEmpty();
    }

    [Fact]
    public void Runtime_Threads_AreSetOnceAndChecked()
    {
        TorchRuntime.Initialize(1);

        get_num_threads().ShouldBe(1);
        Should.Throw<ArgumentOutOfRangeException>(() => TorchRuntime.Initialize(-1));
    }

    [Theory]
    [InlineData(1 << 20, true)]
    [InlineData(1L << 32, false)]
    public void Runtime_ThreadsByWeights_OneForASmallModel(long weightBytes, bool isSmall)
    {
        TorchRuntime.Initialize(0, weightBytes);

        get_num_threads().ShouldBe(isSmall ? 1 : Environment.ProcessorCount);
    }

    private static Parameter Filled(params long[] shape) => new(ones(shape), requires_grad: false);
}
