using Realign.Clip.Text;
using Realign.Diffusion.UNet;
using Realign.Diffusion.Vae;
using Realign.Testing;
using Realign.Torch;
using Shouldly;
using Xunit;
using static TorchSharp.torch;

namespace Realign.Diffusion.Tests;

/// <summary>Gradients reach the inputs and agree with central differences along a random direction, in float64.</summary>
public sealed class GradientTests
{
    private const double Step = 1e-4;
    private static readonly TorchPlacement Exact = new(CPU, ScalarType.Float64);

    [Fact]
    public void UNet_LatentsAndTextStates()
    {
        using var unet = UNet2DConditionModel.Load(Checkout.Miniature("generator", "unet"), Exact);
        using var scope = NewDisposeScope();
        using var generator = new Generator(1);
        var time = tensor(400.0);
        var states = Draw(generator, 1, 6, 128);
        var latents = Draw(generator, 1, 8, 8, 8);
        var weights = Draw(generator, 1, 8, 8, 8);

        Agrees(generator, latents, input => unet.forward(input, time, states).mul(weights).sum());
        Agrees(generator, states, input => unet.forward(latents, time, input).mul(weights).sum());
    }

    [Fact]
    public void Autoencoder_BothWays()
    {
        using var vae = AutoencoderKL.Load(Checkout.Miniature("generator", "vae"), Exact);
        using var scope = NewDisposeScope();
        using var generator = new Generator(2);
        var image = Draw(generator, 1, 3, 32, 32).mul(Scalars.Of(0.3));
        var latents = Draw(generator, 1, 8, 4, 4);
        var pixels = Draw(generator, 1, 3, 32, 32);

        Agrees(generator, latents, input => vae.Decode(input).mul(pixels).sum());
        Agrees(generator, image, input => vae.Encode(input).Mean.mul(latents).sum());
    }

    [Fact]
    public void TextEncoder_TokenTable()
    {
        using var text = CLIPTextModel.Load(Checkout.Miniature("generator", "text_encoder"), Exact);
        using var scope = NewDisposeScope();
        using var generator = new Generator(3);
        var table = text.TokenEmbedding.weight;
        var ids = tensor(new long[,] { { 1, 5, 9, 5, 2 } });
        var weights = Draw(generator, 1, 5, table.shape[1]);
        Tensor Loss() => text.forward(ids).LastHiddenState.mul(weights).sum();

        table.requires_grad = true;
        Loss().backward();
        var gradient = table.grad!.clone();
        table.requires_grad = false;
        var direction = Draw(generator, table.shape);
        var analytic = gradient.mul(direction).sum().item<double>();
        double At(double offset)
        {
            using var grad = no_grad();
            table.add_(direction, alpha: Scalars.Of(offset));
            var loss = Loss().item<double>();
            table.add_(direction, alpha: Scalars.Of(-offset));
            return loss;
        }

        var numeric = (At(Step) - At(-Step)) / (2 * Step);
        numeric.ShouldBe(analytic, 1e-5 * Math.Max(1, Math.Abs(analytic)));
        gradient[5].abs().sum().item<double>().ShouldBeGreaterThan(0);
        gradient[7].abs().sum().item<double>().ShouldBe(0, "no prompt token reads this row");
    }

    [Fact]
    public void Weights_AreNotTrainable_UnlessAsked()
    {
        using var unet = UNet2DConditionModel.Load(Checkout.Miniature("generator", "unet"), TorchPlacement.Cpu);

        unet.parameters().ShouldAllBe(parameter => !parameter.requires_grad);
    }

    private static Tensor Draw(Generator generator, params long[] shape) => randn(shape, dtype: ScalarType.Float64, generator: generator);

    private static void Agrees(Generator generator, Tensor point, Func<Tensor, Tensor> loss)
    {
        using var scope = NewDisposeScope();
        var input = point.clone().requires_grad_();
        loss(input).backward();
        var direction = Draw(generator, point.shape);
        var analytic = input.grad!.mul(direction).sum().item<double>();
        using var grad = no_grad();
        var numeric = loss(point.add(direction, alpha: Scalars.Of(Step))).sub(loss(point.add(direction, alpha: Scalars.Of(-Step)))).item<double>() / (2 * Step);

        analytic.ShouldNotBe(0);
        numeric.ShouldBe(analytic, 1e-5 * Math.Max(1, Math.Abs(analytic)));
    }
}
