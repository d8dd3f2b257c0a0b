using Realign.Core.Images;
using Realign.Diffusion.Generation;
using Realign.Diffusion.Pipelines;
using Shouldly;
using Xunit;
using static TorchSharp.torch;

namespace Realign.Diffusion.Tests;

/// <summary>What is said after a step.</summary>
public sealed class GenerationRunTests
{
    // a spacing with an offset gives the first of 1000 steps the time 1000
    [Theory]
    [InlineData(1000, 999)]
    [InlineData(-0.5, 0)]
    [InlineData(421.5, 421.5)]
    public void Progress_TimestepIsOneOfTheSchedule(double timestep, double reported)
    {
        using var latents = zeros(1, 8, 8, 8);
        var listener = new RecordingListener();
        var run = new GenerationRun(Miniature.Request(), null, 4, 1000, 0, listener, (_, _) => new RgbImage(1, 1, new byte[3]));

        run.Progress(new DenoisingProgress(new DenoisingStep(0, 4, timestep, FirstRow: 1), latents, latents));

        listener.Events.ShouldHaveSingleItem().ShouldBeOfType<StepDone>().Timestep.ShouldBe(reported);
    }
}
