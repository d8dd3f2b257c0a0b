using Realign.Torch.Layers;
using Shouldly;
using Xunit;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace Realign.Torch.Tests;

/// <summary>Channels that fill no whole block of 16, where libtorch's own answer is wrong on processors that hide their caches, and large maps.</summary>
public sealed class ConvolutionTests
{
    [Theory]
    [InlineData(24, 3, 32, 3, 1)]
    [InlineData(24, 8, 32, 3, 2)]
    [InlineData(24, 24, 64, 3, 1)]
    [InlineData(96, 3, 32, 3, 1)]
    [InlineData(320, 4, 16, 3, 1)]
    [InlineData(128, 3, 32, 3, 1)]
    [InlineData(24, 8, 16, 1, 1)]
    public void Apply_PartialBlocks_ValueAndGradientsAreThoseOfFloat64(int inputs, int outputs, int side, int kernel, int stride)
    {
        Check(static (x, w, b, s, p) => Convolution.Apply(x, w, b, s, p), inputs, outputs, side, kernel, stride);
        Check(Convolution.WithWholeBlocks, inputs, outputs, side, kernel, stride);
    }

    [Theory]
    [InlineData(3, 1, 1, 1)]
    [InlineData(3, 1, 1, 4)]
    [InlineData(3, 1, 1, 100)]
    [InlineData(3, 2, 1, 3)]
    [InlineData(3, 2, 0, 5)]
    [InlineData(1, 1, 0, 7)]
    [InlineData(5, 3, 2, 2)]
    public void Stripes_GiveTheSameValues(int kernel, int stride, int zeros, int rows)
    {
        using var scope = NewDisposeScope();
        using var grad = no_grad();
        using var generator = new Generator(7);
        var input = randn([2, 16, 29, 23], generator: generator);
        var (weight, bias) = (randn([32, 16, kernel, kernel], generator: generator), randn([32], generator: generator));
        long[] strides = [stride, stride];
        long[] padding = [zeros, zeros];
        var whole = F.conv2d(input, weight, bias, strides, padding);

        var striped = Convolution.InStripes(input, weight, bias, strides, padding, rows, CancellationToken.None);

        striped.shape.ShouldBe(whole.shape);
        RelativeError(striped, whole.to(ScalarType.Float64)).ShouldBeLessThan(1e-6);
    }

    // 2^33 multiply-adds and more are half a second of work and more
    [Fact]
    public void LargeConvolution_Cancelled_Ends()
    {
        using var scope = NewDisposeScope();
        using var grad = no_grad();
        using var cancel = new CancellationTokenSource();
        cancel.Cancel();
        var weight = zeros(32, 32, 3, 3);

        Should.Throw<OperationCanceledException>(() => Convolution.Apply(zeros(1, 32, 1024, 1024), weight, null, null, [1, 1], cancel.Token));

        Convolution.Apply(zeros(1, 32, 8, 8), weight, null, null, [1, 1], cancel.Token).shape.ShouldBe([1, 32, 8, 8]);
    }

    private static void Check(
        Func<Tensor, Tensor, Tensor?, long[]?, long[]?, Tensor> convolve, int inputs, int outputs, int side, int kernel, int stride)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(7);
        var values = Random(1, inputs, side, side);
        var weight = Random(outputs, inputs, kernel, kernel);
        var bias = Random(outputs);
        long[] strides = [stride, stride];
        long[] padding = [kernel / 2, kernel / 2];

        var (output, inputGradient, weightGradient) = Run(ScalarType.Float32, convolve);
        var (exact, exactInputGradient, exactWeightGradient) = Run(ScalarType.Float64, static (x, w, b, s, p) => F.conv2d(x, w, b, s, p));

        output.shape.ShouldBe(exact.shape);
        RelativeError(output, exact).ShouldBeLessThan(1e-5);
        RelativeError(inputGradient, exactInputGradient).ShouldBeLessThan(1e-5);
        RelativeError(weightGradient, exactWeightGradient).ShouldBeLessThan(1e-5);

        Tensor Random(params long[] shape) => randn(shape, generator: generator);

        (Tensor Output, Tensor InputGradient, Tensor WeightGradient) Run(
            ScalarType type, Func<Tensor, Tensor, Tensor?, long[]?, long[]?, Tensor> apply)
        {
            var x = values.to(type).detach().requires_grad_(true);
            var w = weight.to(type).detach().requires_grad_(true);
            var y = apply(x, w, bias.to(type), strides, padding);
            y.square().sum().backward();
            return (y.detach(), x.grad!, w.grad!);
        }
    }

    private static double RelativeError(Tensor value, Tensor exact) =>
        value.to(ScalarType.Float64).sub(exact).abs().max().div(exact.abs().max()).item<double>();
}
