using Realign.Core.Errors;
using Realign.Core.Images;
using Realign.Diffusion.Pipelines;
using Realign.Diffusion.Schedulers;
using Realign.Diffusion.Snapshots;
using Realign.Safetensors;
using Realign.Torch;
using Shouldly;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace Realign.Diffusion.Tests;

/// <summary>Image to image with a mask: plain models get the kept part put back, inpainting models see mask and masked picture.</summary>
public sealed class InpaintingTests(Miniature miniature) : IClassFixture<Miniature>
{
    private const int Factor = 8;
    private const int Cells = Miniature.Side / Factor;
    private const int LatentChannels = 8;

    // the left half is drawn anew
    private static readonly BinaryMask Left = Mask((x, _) => x < Miniature.Side / 2);

    private static GenerationRequest Request => Miniature.Request() with { InitImage = Gradient(), Mask = Left, Strength = 1 };

    [Theory]
    [InlineData(SchedulerKind.DDIM, 1)]
    [InlineData(SchedulerKind.DDIM, 0.75)]
    [InlineData(SchedulerKind.EulerDiscrete, 1)]
    [InlineData(SchedulerKind.PNDM, 0.75)]
    [InlineData(SchedulerKind.HeunDiscrete, 0.75)]
    [InlineData(SchedulerKind.TCD, 0.75)]
    [InlineData(SchedulerKind.DPMSolverSinglestep, 0.75)]
    [InlineData(SchedulerKind.DPMSolver2SAncestral, 0.75)]
    public void Generate_PlainModel_KeptPartIsThePictureWithTheNoiseOfEachLevel(SchedulerKind kind, double strength)
    {
        using var scope = NewDisposeScope();
        using var noise = new RecordedNoise();
        using var scheduler = miniature.Pipeline.CreateScheduler(kind);
        var after = new List<Tensor>();

        var result = miniature.Pipeline.Generate(Request with { Scheduler = kind, Strength = strength }, new PipelineHooks
        {
            Noise = noise,
            Progress = progress => after.Add(progress.Latents.clone().DetachFromDisposeScope()),
        });

        var original = Encode(miniature.Pipeline, Pixels(Gradient()), noise.Draws[0]);
        scheduler.SetTimesteps(4);
        var first = scheduler.Timesteps.Count - after.Count;
        for (var step = 0; step < after.Count - 1; step++)
        {
            // x = sqrt(abar) x0 + sqrt(1 - abar) noise, and x0 + sigma noise for samplers of noise levels
            var next = first + step + 1;
            var alpha = (double)scheduler.AlphasCumprod[(int)scheduler.Timesteps[next]];
            var (signal, amount) = kind is SchedulerKind.EulerDiscrete or SchedulerKind.HeunDiscrete or SchedulerKind.DPMSolver2SAncestral
                ? (1, scheduler.Sigmas[next])
                : (Math.Sqrt(alpha), Math.Sqrt(1 - alpha));
            var expected = original.mul(Scalars.Of(signal)).add(noise.Draws[1].mul(Scalars.Of(amount)));
            Distance(Right(after[step]), Right(expected)).ShouldBeLessThan(1e-5);
            Distance(LeftOf(after[step]), LeftOf(expected)).ShouldBeGreaterThan(0.01);
        }

        Distance(Right(result.Latents), Right(original)).ShouldBeLessThan(1e-6);
        after.ForEach(tensor => tensor.Dispose());
    }

    [Theory]
    [InlineData(SchedulerKind.TCD)]
    [InlineData(SchedulerKind.DPMSolverSinglestep)]
    [InlineData(SchedulerKind.DPMSolver2SAncestral)]
    [InlineData(SchedulerKind.DPMSolverMultistep)]
    public void Generate_FromAPicture_IsOneImagePerSeed(SchedulerKind kind)
    {
        // the run begins inside a group of the singlestep solver
        float[] Image(ulong seed) => miniature.Generate(Miniature.Request(seed) with
        {
            InitImage = Gradient(),
            Scheduler = kind,
            Strength = 0.75,
            SolverOrder = kind is SchedulerKind.DPMSolverSinglestep or SchedulerKind.DPMSolverMultistep ? 3 : null,
            Stochastic = kind == SchedulerKind.DPMSolverMultistep,
        });

        var image = Image(5);

        image.ShouldAllBe(value => float.IsFinite(value));
        Image(6).ShouldNotBe(image);
        Image(5).ShouldBe(image);
    }

    [Fact]
    public void Generate_PlainModel_AllMarkedAtFullStrength_IsTextToImage()
    {
        var everything = Mask((_, _) => true);
        using var ofMask = new RecordedNoise();
        var image = miniature.Generate(Request with { Mask = everything }, new PipelineHooks { Noise = ofMask });
        using var ofText = new RecordedNoise(ofMask.Draws.Skip(1));

        image.ShouldBe(miniature.Generate(Miniature.Request(), new PipelineHooks { Noise = ofText }));
    }

    [Fact]
    public void Generate_InpaintingModel_WhoseExtraChannelsWeighNothing_IsThePlainModel()
    {
        using var copy = InpaintingModel(_ => 0);
        using var pipeline = StableDiffusionSnapshot.Load(copy.Folder, TorchPlacement.Cpu);
        using var noise = new RecordedNoise();

        var image = Miniature.Generate(pipeline, Request, new PipelineHooks { Noise = noise });

        using var same = new RecordedNoise(noise.Draws);
        image.ShouldBe(miniature.Generate(Miniature.Request(), new PipelineHooks { Noise = same }));
        noise.Draws.Count.ShouldBe(2);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Generate_InpaintingModel_SeesMaskAndMaskedPicture(bool hasMask)
    {
        var random = new Random(3);
        using var copy = InpaintingModel(_ => (float)((random.NextDouble() - 0.5) / 4));
        using var pipeline = StableDiffusionSnapshot.Load(copy.Folder, TorchPlacement.Cpu);
        var request = (hasMask ? Request : Miniature.Request()) with { NumInferenceSteps = 1, GuidanceScale = 1 };
        using var noise = new RecordedNoise();
        using var scope = NewDisposeScope();

        var result = pipeline.Generate(request, new PipelineHooks { Noise = noise });

        // [latents, mask, latents of the picture with gray where the mask is]; without a mask all is gray
        using var grad = no_grad();
        var mask = ones(1, 1, Cells, Cells);
        var pixels = zeros(3, Miniature.Side, Miniature.Side);
        if (hasMask)
        {
            using var kept = mask.narrow(3, Cells / 2, Cells / 2).zero_();
            pixels = Pixels(Gradient());
            using var gray = pixels.narrow(2, 0, Miniature.Side / 2).zero_();
        }

        var input = cat([noise.Draws[0], mask, Encode(pipeline, pixels, noise.Draws[1])], 1);
        using var scheduler = pipeline.CreateScheduler();
        scheduler.SetTimesteps(1);
        var text = pipeline.Prompts.Encode(request.Prompt, guided: false).Positive;
        var predicted = pipeline.UNet.forward(input, tensor((float)scheduler.Timesteps[0]), text);
        var expected = scheduler.Step(predicted, 0, noise.Draws[0], null).PrevSample;
        Distance(result.Latents, expected).ShouldBeLessThan(1e-5);
    }

    [Fact]
    public void Load_InpaintingModel_OfAnotherNumberOfChannels_IsNamed()
    {
        using var copy = InpaintingModel(_ => 0);
        copy.Edit("unet/config.json", config => config["in_channels"] = LatentChannels + 1);

        Should.Throw<ModelLoadException>(() => StableDiffusionSnapshot.Load(copy.Folder, TorchPlacement.Cpu)).Problems.ShouldHaveSingleItem()
            .ShouldContain("conv_in.weight");
    }

    public static TheoryData<GenerationRequest, string> BadMasks => new()
    {
        { Request with { InitImage = null }, "there is no init_image" },
        { Request with { Mask = new BinaryMask(8, 8, new byte[64]) }, "size of the result" },
        { Request with { Mask = Mask((_, _) => false) }, "nothing would be drawn anew" },
        { Request with { Mask = Mask((x, y) => x % Factor == 1 && y % Factor == 1) }, "nothing would be drawn anew" },
    };

    [Theory]
    [MemberData(nameof(BadMasks), DisableDiscoveryEnumeration = true)]
    public void Generate_MaskThatCannotBeUsed_IsRefused(GenerationRequest request, string problem)
    {
        var before = Miniature.SettledTensors();

        var failure = Should.Throw<InvalidInputException>(() => miniature.Generate(request));

        failure.Field.ShouldBe("mask");
        failure.Problem.ShouldContain(problem);
        Tensor.TotalCount.ShouldBe(before);
    }

    [Fact]
    public void Generate_WithMask_LeavesNoTensors()
    {
        _ = miniature.Generate(Request);
        var before = Miniature.SettledTensors();

        _ = miniature.Generate(Request);

        Tensor.TotalCount.ShouldBe(before);
    }

    // the miniature with a first convolution that also sees mask and masked picture
    private static SnapshotCopy InpaintingModel(Func<int, float> extra)
    {
        var copy = SnapshotCopy.OfMiniature();
        copy.Edit("model_index.json", index => index["_class_name"] = "StableDiffusionInpaintPipeline");
        copy.Edit("unet/config.json", config => config["in_channels"] = (2 * LatentChannels) + 1);
        float[] own;
        long[] shape;
        using (var file = SafetensorsFile.Open(copy.In(SnapshotCopy.UNetWeights)))
            (own, shape) = (file.ReadSingles("conv_in.weight"), [.. file.Entries["conv_in.weight"].Shape]);
        var (kernel, wide) = ((int)(shape[2] * shape[3]), (2 * LatentChannels) + 1);
        var values = new float[shape[0] * wide * kernel];
        for (var i = 0; i < values.Length; i++)
        {
            var (row, column) = (i / (wide * kernel), i % (wide * kernel));
            values[i] = column < LatentChannels * kernel ? own[(row * LatentChannels * kernel) + column] : extra(i);
        }

        copy.Put(SnapshotCopy.UNetWeights, "conv_in.weight", [shape[0], wide, shape[2], shape[3]], values);
        return copy;
    }

    private static Tensor Encode(StableDiffusionPipeline pipeline, Tensor pixels, Tensor noise)
    {
        using var grad = no_grad();
        var distribution = pipeline.Vae.Encode(pixels.unsqueeze(0));
        return (distribution.Mean + (distribution.StandardDeviation() * noise)).mul(Scalars.Of(pipeline.Vae.Config.ScalingFactor));
    }

    private static Tensor Pixels(Picture picture) =>
        TensorConvert.FromArray(picture.Pixels!, 3, picture.Height, picture.Width).mul(Scalars.Of(2)).sub(Scalars.Of(1));

    private static Tensor Right(Tensor latents) => latents.narrow(3, Cells / 2, Cells / 2);

    private static Tensor LeftOf(Tensor latents) => latents.narrow(3, 0, Cells / 2);

    private static double Distance(Tensor a, Tensor b) => a.sub(b).abs().max().ToDouble();

    private static Picture Gradient()
    {
        const int Side = Miniature.Side;
        return new Picture([.. Enumerable.Range(0, 3 * Side * Side).Select(i => (((i % Side) + (i / Side)) % 61) / 60f)], Side, Side);
    }

    private static BinaryMask Mask(Func<int, int, bool> isMarked)
    {
        const int Side = Miniature.Side;
        return new BinaryMask(Side, Side, [.. Enumerable.Range(0, Side * Side).Select(i => (byte)(isMarked(i % Side, i / Side) ? 1 : 0))]);
    }
}
