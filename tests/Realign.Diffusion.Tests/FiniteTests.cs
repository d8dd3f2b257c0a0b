using Realign.Core.Errors;
using Realign.Diffusion.Pipelines;
using Realign.Diffusion.Schedulers;
using Realign.Diffusion.Snapshots;
using Realign.Testing;
using Realign.Torch;
using Shouldly;
using Xunit;
using static TorchSharp.torch;

namespace Realign.Diffusion.Tests;

/// <summary>Numbers that are none end a run with the place where they came up, never as a black picture.</summary>
public sealed class FiniteTests : IDisposable
{
    private readonly StableDiffusionPipeline _pipeline;

    public FiniteTests()
    {
        TorchRuntime.Initialize(0);
        _pipeline = StableDiffusionSnapshot.Load(Checkout.Miniature("generator"), TorchPlacement.Cpu);
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    public void BrokenDenoiser_NamesTheStep(float value)
    {
        Spoil(_pipeline.UNet.get_parameter("mid_block.resnets.0.conv1.bias"), value);

        var failure = Should.Throw<FailedPreconditionException>(() => Miniature.Generate(_pipeline, Miniature.Request()));

        failure.Message.ShouldContain("after step 1 of 4");
        failure.Message.ShouldContain("the denoiser's prediction is not finite in float32");
        failure.WayOut.ShouldContain("adapters");
    }

    [Fact]
    public void BrokenScheduler_IsNamed()
    {
        using var noise = new OverflowingNoise();

        var failure = Should.Throw<FailedPreconditionException>(() =>
            Miniature.Generate(_pipeline, Miniature.Request() with { Scheduler = SchedulerKind.DDPM }, new PipelineHooks { Noise = noise }));

        failure.Message.ShouldContain("DDPMScheduler made them of a finite prediction");
    }

    [Fact]
    public void BrokenDecoder_IsNoBlackImage()
    {
        Spoil(_pipeline.Vae.get_parameter("decoder.conv_out.bias"), float.NaN);

        Should.Throw<FailedPreconditionException>(() => Miniature.Generate(_pipeline, Miniature.Request())).Message.ShouldContain(
            "the decoded image is not finite");
    }

    public void Dispose() => _pipeline.Dispose();

    private static void Spoil(TorchSharp.Modules.Parameter? parameter, float value)
    {
        using var grad = no_grad();
        _ = parameter.ShouldNotBeNull().fill_(Scalars.Of(value));
    }

    /// <summary>Good start latents, then noise that is none: what an overflow inside a scheduler looks like.</summary>
    private sealed class OverflowingNoise : INoiseSource, IDisposable
    {
        private readonly SeededNoise _noise = new([7]);
        private int _drawn;

        public Tensor Next(long[] shape) => _drawn++ == 0 ? _noise.Next(shape) : full(shape, Scalars.Of(float.NaN));

        public void Dispose() => _noise.Dispose();
    }
}
