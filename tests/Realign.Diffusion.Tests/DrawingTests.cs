using Realign.Diffusion.Attention;
using Realign.Diffusion.Pipelines;
using Realign.Diffusion.Snapshots;
using Realign.Testing;
using Realign.Torch;
using Shouldly;
using TorchSharp;
using Xunit;

namespace Realign.Diffusion.Tests;

/// <summary>What a run depends on, what it leaves behind, and how it ends early.</summary>
public sealed class DrawingTests(Miniature miniature) : IClassFixture<Miniature>
{
    [Fact]
    public void Generate_SameSeed_GivesTheSameBytes()
    {
        var first = miniature.Draw(miniature.Request(11));

        miniature.Draw(miniature.Request(11)).ShouldBe(first);
        miniature.Draw(miniature.Request(12)).ShouldNotBe(first);
    }

    [Fact]
    public void Generate_LeavesNoTensors()
    {
        _ = miniature.Draw(miniature.Request());
        var before = Miniature.SettledTensors();

        for (var i = 0; i < 3; i++)
            _ = miniature.Draw(miniature.Request());

        torch.Tensor.TotalCount.ShouldBe(before);
    }

    [Fact]
    public void Generate_Cancelled_StopsBeforeTheNextStep_AndLeavesNoTensors()
    {
        _ = miniature.Draw(miniature.Request());
        var before = Miniature.SettledTensors();
        using var cancel = new CancellationTokenSource();
        var steps = 0;

        Should.Throw<OperationCanceledException>(() => miniature.Draw(
            miniature.Request() with
            {
                NumInferenceSteps = 50,
                Progress = _ =>
                {
                    if (++steps == 2)
                        cancel.Cancel();
                },
            }, cancel.Token));

        steps.ShouldBe(2);
        torch.Tensor.TotalCount.ShouldBe(before);
    }

    [Fact]
    public void Generate_ProgressThatFails_EndsTheRun_AndLeavesNoTensors()
    {
        _ = miniature.Draw(miniature.Request());
        var before = Miniature.SettledTensors();

        Should.Throw<TimeoutException>(() => miniature.Draw(miniature.Request() with { Progress = _ => throw new TimeoutException() }));

        torch.Tensor.TotalCount.ShouldBe(before);
    }

    [Fact]
    public void Generate_OneLetterMore_ChangesTheImage_ButNotWithoutGuidanceWeight()
    {
        var negative = miniature.Request() with { Prompt = new PromptRequest { Prompts = ["a red car"], NegativePrompts = ["a cat"] } };
        var other = miniature.Request() with { Prompt = new PromptRequest { Prompts = ["a red car"], NegativePrompts = ["a dog"] } };

        miniature.Draw(negative).ShouldNotBe(miniature.Draw(other));
        // up to a weight of 1 the negative prompt is not even looked at
        miniature.Draw(negative with { GuidanceScale = 1, Scheduler = miniature.Pipeline.CreateScheduler(), Noise = new SeededNoise([7]) })
            .ShouldBe(miniature.Draw(other with { GuidanceScale = 1, Scheduler = miniature.Pipeline.CreateScheduler(), Noise = new SeededNoise([7]) }));
    }

    [Fact]
    public void Generate_SlicedAttention_IsTheSameImage()
    {
        var whole = miniature.Draw(miniature.Request());

        var sliced = miniature.Draw(miniature.Request() with { Attention = _ => new SlicedAttentionProcessor(5) });

        sliced.Zip(whole).Max(pair => Math.Abs(pair.First - pair.Second)).ShouldBeLessThan(1e-4f);
    }

    [Theory]
    [InlineData(torch.ScalarType.Float16, 0.02)]
    [InlineData(torch.ScalarType.BFloat16, 0.1)]
    public void Load_HalfPrecision_DrawsNearlyTheSameImage(torch.ScalarType type, double limit)
    {
        using var half = StableDiffusionSnapshot.Load(Checkout.Miniature("generator"), new TorchPlacement(torch.CPU, type));
        half.UNet.parameters().ShouldAllBe(parameter => parameter.dtype == type);
        var exact = miniature.Draw(miniature.Request());

        var rough = Miniature.Draw(half, Miniature.RequestFor(half, 7));

        rough.ShouldAllBe(value => float.IsFinite(value));
        rough.Zip(exact).Average(pair => (double)Math.Abs(pair.First - pair.Second)).ShouldBeLessThan(limit);
    }
}
