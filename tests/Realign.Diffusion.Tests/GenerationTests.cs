using Realign.Diffusion.Pipelines;
using Realign.Diffusion.Snapshots;
using Realign.Testing;
using Realign.Torch;
using Shouldly;
using TorchSharp;
using Xunit;

namespace Realign.Diffusion.Tests;

/// <summary>What a run depends on, what it leaves behind, and how it ends early.</summary>
public sealed class GenerationTests(Miniature miniature) : IClassFixture<Miniature>
{
    [Fact]
    public void Generate_SameSeed_GivesTheSameBytes()
    {
        var first = miniature.Generate(Miniature.Request(11));

        miniature.Generate(Miniature.Request(11)).ShouldBe(first);
        miniature.Generate(Miniature.Request(12)).ShouldNotBe(first);
    }

    [Fact]
    public void Generate_LeavesNoTensors()
    {
        _ = miniature.Generate(Miniature.Request());
        var before = Miniature.SettledTensors();

        for (var i = 0; i < 3; i++)
            _ = miniature.Generate(Miniature.Request());

        torch.Tensor.TotalCount.ShouldBe(before);
    }

    [Fact]
    public void Generate_Cancelled_StopsBeforeTheNextStep_AndLeavesNoTensors()
    {
        _ = miniature.Generate(Miniature.Request());
        var before = Miniature.SettledTensors();
        using var cancel = new CancellationTokenSource();
        var steps = 0;

        Should.Throw<OperationCanceledException>(() => miniature.Generate(
            Miniature.Request() with { NumInferenceSteps = 50 },
            new PipelineHooks
            {
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
        _ = miniature.Generate(Miniature.Request());
        var before = Miniature.SettledTensors();

        Should.Throw<TimeoutException>(() => miniature.Generate(Miniature.Request(), new PipelineHooks { Progress = _ => throw new TimeoutException() }));

        torch.Tensor.TotalCount.ShouldBe(before);
    }

    [Fact]
    public void Generate_OneLetterMore_ChangesTheImage_ButNotWithoutGuidanceWeight()
    {
        var negative = Miniature.Request() with { Prompt = new PromptRequest { Prompts = ["a red car"], NegativePrompts = ["a cat"] } };
        var other = Miniature.Request() with { Prompt = new PromptRequest { Prompts = ["a red car"], NegativePrompts = ["a dog"] } };

        miniature.Generate(negative).ShouldNotBe(miniature.Generate(other));
        // up to a weight of 1 the negative prompt is not even looked at
        miniature.Generate(negative with { GuidanceScale = 1 })
            .ShouldBe(miniature.Generate(other with { GuidanceScale = 1 }));
    }

    // significant bits of the type, the leading one included: one operation rounds by up to 2^-bits of its result
    [Theory]
    [InlineData(torch.ScalarType.Float16, 11)]
    [InlineData(torch.ScalarType.BFloat16, 8)]
    public void Load_HalfPrecision_PredictsWithinItsRounding(torch.ScalarType type, int bits)
    {
        // about a hundred operations lie between input and prediction; independent roundings add up to ten of one, all of one sign to a hundred
        const int Roundings = 40;
        using var half = StableDiffusionSnapshot.Load(Checkout.Miniature("generator"), new TorchPlacement(torch.CPU, type));
        half.UNet.parameters().ShouldAllBe(parameter => parameter.dtype == type);
        using var scope = torch.NewDisposeScope();
        using var grad = torch.no_grad();
        var latents = torch.randn([1, 8, 8, 8], generator: new torch.Generator(3));
        var states = miniature.Pipeline.Prompts.Encode(Miniature.Request().Prompt, guided: false).Positive;
        var time = torch.tensor(500f);
        var exact = miniature.Pipeline.UNet.forward(latents, time, states);

        var rough = half.UNet.forward(latents.to(type), time, states.to(type)).to(torch.ScalarType.Float32);

        (rough.sub(exact).norm().item<float>() / exact.norm().item<float>()).ShouldBeLessThan(Roundings * MathF.ScaleB(1, -bits));
        Miniature.Generate(half, Miniature.Request()).ShouldAllBe(value => float.IsFinite(value));
    }
}
