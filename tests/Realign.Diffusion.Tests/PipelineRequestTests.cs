using Realign.Core.Errors;
using Realign.Core.Images;
using Realign.Diffusion.Pipelines;
using Shouldly;
using TorchSharp;
using Xunit;

namespace Realign.Diffusion.Tests;

/// <summary>Requests that cannot be generated are refused by field, before anything is computed.</summary>
public sealed class PipelineRequestTests(Miniature miniature) : IClassFixture<Miniature>
{
    public static TheoryData<string, Func<GenerationRequest, GenerationRequest>> BadValues => new()
    {
        { "height", request => request with { Height = 60 } },
        { "height", request => request with { Height = -64 } },
        { "width", request => request with { Width = 0 } },
        { "guidance_scale", request => request with { GuidanceScale = double.NaN } },
        { "guidance_scale", request => request with { GuidanceScale = -1 } },
        { "guidance_scale", request => request with { GuidanceScale = double.PositiveInfinity } },
        { "guidance_rescale", request => request with { GuidanceRescale = 1.5 } },
        { "sizes", request => request with { Sizes = new ImageSizes() } },
        { "negative_sizes", request => request with { NegativeSizes = new ImageSizes() } },
        { "prompt_2", request => request with { Prompt = request.Prompt with { Prompts2 = ["a"] } } },
        { "negative_prompt_2", request => request with { Prompt = request.Prompt with { NegativePrompts2 = ["a"] } } },
        { "strength", request => request with { Strength = 0 } },
        { "prompt", request => request with { Prompt = request.Prompt with { Prompts = [] } } },
        { "negative_prompt", request => request with { Prompt = request.Prompt with { NegativePrompts = ["a", "b"] } } },
        { "clip_skip", request => request with { Prompt = request.Prompt with { ClipSkip = 3 } } },
        { "clip_skip", request => request with { Prompt = request.Prompt with { ClipSkip = -1 } } },
    };

    [Theory]
    [MemberData(nameof(BadValues), DisableDiscoveryEnumeration = true)]
    public void Generate_BadValue_NamesTheField(string field, Func<GenerationRequest, GenerationRequest> change)
    {
        var before = Miniature.SettledTensors();

        var failure = Should.Throw<InvalidInputException>(() => miniature.Generate(change(Miniature.Request())));

        failure.Field.ShouldBe(field);
        failure.WayOut.ShouldNotBeEmpty();
        torch.Tensor.TotalCount.ShouldBe(before);
    }

    [Fact]
    public void Generate_StepsThatAreNone_IsRefused()
    {
        foreach (var steps in new[] { 0, -3, 1_000_000 })
            Should.Throw<InvalidInputException>(() => miniature.Generate(Miniature.Request() with { NumInferenceSteps = steps })).Field.ShouldBe(
                "num_inference_steps");
    }

    [Fact]
    public void Generate_InitImageOfAnotherSize_IsRefused()
    {
        var image = new Picture(new float[3 * 32 * 64], 32, 64);

        Should.Throw<InvalidInputException>(() => miniature.Generate(Miniature.Request() with { InitImage = image })).Field.ShouldBe("init_image");
    }

    [Fact]
    public void Generate_StrengthThatLeavesNoStep_IsRefused()
    {
        var image = new Picture(new float[3 * 64 * 64], 64, 64);

        var failure = Should.Throw<InvalidInputException>(() => miniature.Generate(Miniature.Request() with { InitImage = image, Strength = 0.1 }));

        failure.Field.ShouldBe("strength");
        failure.Problem.ShouldContain("none of the 4 steps");
    }

    [Fact]
    public void Generate_AfterARefusal_GeneratesTheSameImage()
    {
        var before = miniature.Generate(Miniature.Request());

        Should.Throw<InvalidInputException>(() => miniature.Generate(Miniature.Request() with { Height = 60 }));

        miniature.Generate(Miniature.Request()).ShouldBe(before);
    }
}
