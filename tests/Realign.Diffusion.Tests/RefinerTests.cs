using Realign.Core.Errors;
using Realign.Core.Images;
using Realign.Diffusion.Checkpoints;
using Realign.Diffusion.Pipelines;
using Realign.Diffusion.Snapshots;
using Realign.Testing;
using Realign.Testing.Layouts;
using Realign.Torch;
using Shouldly;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace Realign.Diffusion.Tests;

/// <summary>The refiner of Stable Diffusion XL: one text tower, and a score among the numbers it is told.</summary>
public sealed class RefinerTests : IDisposable
{
    private readonly RefinerSnapshot _snapshot;

    public RefinerTests()
    {
        TorchRuntime.Initialize(0);
        _snapshot = new RefinerSnapshot(Path.Combine(ConformancePack.Require(), "diffusion", "sdxl", "snapshot"));
    }

    [Fact]
    public void Denoise_IsTheBaseModelThatHearsTheSecondTowerAndTheScoreAlone()
    {
        using var refiner = StableDiffusionSnapshot.Load(_snapshot.Location, TorchPlacement.Cpu);
        using var wide = StableDiffusionSnapshot.Load(_snapshot.Base, TorchPlacement.Cpu);
        using var scope = NewDisposeScope();
        var scores = Request() with { Sizes = new ImageSizes { AestheticScore = 7 }, NegativeSizes = new ImageSizes { AestheticScore = 3 } };

        var conditions = refiner.Prompts.Encode(scores.Prompt, guided: true);
        var latents = refiner.Denoise(scores, conditions);

        var both = wide.Prompts.Encode(scores.Prompt, guided: true);
        Tensor Silent(Tensor states) => cat([zeros(states.shape[0], states.shape[1], _snapshot.TextWidth), states], -1);
        both.Positive[TensorIndex.Ellipsis, TensorIndex.Slice(_snapshot.TextWidth)].ToSingles().ShouldBe(conditions.Positive.ToSingles());
        var expected = wide.Denoise(Request() with { Sizes = Target(7), NegativeSizes = Target(3) }, both with
        {
            Positive = Silent(conditions.Positive),
            Negative = Silent(conditions.Negative!),
        });
        Distance(latents, expected).ShouldBeLessThan(1e-4);
        Distance(refiner.Denoise(Request(), conditions), expected).ShouldBeGreaterThan(1e-3);
        Distance(refiner.Denoise(scores with { Sizes = null, NegativeSizes = null }, conditions), refiner.Denoise(
            scores with { Sizes = new ImageSizes { AestheticScore = 6 }, NegativeSizes = new ImageSizes { AestheticScore = 2.5 } }, conditions)).ShouldBe(0);
    }

    [Fact]
    public void Load_SavedInTheOtherLayout_GivesTheSamePicture()
    {
        using var file = new OriginalCheckpoint(_snapshot.Location);
        using (var checkpoint = SingleFileCheckpoint.Open(file.Location))
        {
            checkpoint.Family.ShouldBe(CheckpointFamily.StableDiffusionXLRefiner);
            checkpoint.Parts.ShouldBe(["unet", "vae", "text_encoder_2"]);
        }

        SnapshotWriter.Write(file.Location, file.In("snapshot"));

        var picture = Picture(_snapshot.Location);
        Picture(file.Location).ShouldBe(picture);
        Picture(file.In("snapshot")).ShouldBe(picture);
    }

    [Fact]
    public void Generate_FromAPicture_KeepsMoreOfItTheLessIsRefined()
    {
        using var refiner = StableDiffusionSnapshot.Load(_snapshot.Location, TorchPlacement.Cpu);
        var start = new RgbImage(64, 64, [.. Enumerable.Range(0, 64 * 64 * 3).Select(i => (byte)(i * 31))]);
        float[] Refined(double strength) => Miniature.Generate(
            refiner, Request() with { NumInferenceSteps = 10, InitImage = new Picture(start), Strength = strength });
        var unchanged = Refined(0.1);

        var (little, much) = (Refined(0.3), Refined(0.9));

        little.Zip(unchanged, (a, b) => Math.Abs(a - b)).Average().ShouldBeLessThan(much.Zip(unchanged, (a, b) => Math.Abs(a - b)).Average());
    }

    [Fact]
    public void WhatTheRefinerHasNot_IsRefused()
    {
        using var refiner = StableDiffusionSnapshot.Load(_snapshot.Location, TorchPlacement.Cpu);
        using var wide = StableDiffusionSnapshot.Load(_snapshot.Base, TorchPlacement.Cpu);

        Refusal(refiner, Request() with { Sizes = Target(5) }).Field.ShouldBe("sizes.target");
        Refusal(refiner, Request() with { Prompt = new PromptRequest { Prompts = ["a"], Prompts2 = ["b"] } }).Field.ShouldBe("prompt_2");
        Refusal(wide, Request() with { NegativeSizes = new ImageSizes { AestheticScore = 5 } }).Field.ShouldBe("negative_sizes.aesthetic_score");
    }

    public void Dispose() => _snapshot.Dispose();

    private static ImageSizes Target(int score) => new() { Target = (score, 64) };

    private static GenerationRequest Request() => Miniature.Request() with
    {
        NumInferenceSteps = 2,
        GuidanceScale = 5,
        Prompt = new PromptRequest { Prompts = ["a red car"], NegativePrompts = ["a cat"] },
    };

    private static double Distance(Tensor a, Tensor b) => a.sub(b).abs().max().ToDouble();

    private static InvalidInputException Refusal(StableDiffusionPipeline pipeline, GenerationRequest request) =>
        Should.Throw<InvalidInputException>(() => _ = pipeline.Generate(request));

    private static float[] Picture(string path)
    {
        using var pipeline = StableDiffusionSnapshot.Load(path, TorchPlacement.Cpu);
        return Miniature.Generate(pipeline, Request());
    }
}
