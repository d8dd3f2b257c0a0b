using Google.Protobuf;
using Grpc.Core;
using Realign.Core.Images;
using Realign.Imaging;
using Realign.Testing;
using Realign.V1;
using Shouldly;
using Xunit;

namespace Realign.Generator.Tests;

/// <summary>Image to image, inpainting, the texts of a second encoder, clip skip and XL's sizes over real gRPC.</summary>
public sealed class ImageToImageTests(RunningGenerator generator) : IClassFixture<RunningGenerator>
{
    [Fact]
    public async Task InitImage_SmallStrength_StaysCloserToThePicture_ThanALargeOne()
    {
        var start = Gradient(64, 64);

        var small = await ResultAsync(request => (request.InitImage, request.Strength) = (start, 0.2f));
        var large = await ResultAsync(request => (request.InitImage, request.Strength) = (start, 1));

        Distance(small, start).ShouldBeLessThan(Distance(large, start));
    }

    [Fact]
    public async Task InitImage_StepsThatAreReported_AreThoseThatAreRun()
    {
        var events = await generator.EventsAsync(Requests.Plain(request =>
        {
            (request.InitImage, request.Strength, request.NumInferenceSteps) = (Gradient(64, 64), 0.5f, 10);
        }));

        var progress = events.Where(step => step.EventCase == GenerateResponse.EventOneofCase.Progress).Select(step => step.Progress).ToList();
        progress.ShouldAllBe(step => step.TotalSteps == 5);
        progress[^1].Step.ShouldBe(5);
        events[^1].Result.NumInferenceSteps.ShouldBe(10);
    }

    [Fact]
    public async Task InitImage_WithoutASize_GivesItsOwn_RoundedDown_AndOfAnotherSize_IsScaled()
    {
        Decoded(await ResultAsync(request => request.InitImage = Gradient(101, 77))).ShouldBe((96, 72));
        Decoded(await ResultAsync(request => (request.InitImage, request.Width, request.Height) = (Gradient(101, 77), 64, 64))).ShouldBe((64, 64));
    }

    [Fact]
    public async Task InitImage_FineStage_WorksOnIt()
    {
        GenerateRequest Request(params Segment[] segments)
        {
            var request = Requests.Fine(segments);
            (request.InitImage, request.Strength) = (Gradient(64, 64), 0.9f);
            return request;
        }

        var fine = await generator.ResultAsync(Request(Requests.Left("a red car"), Requests.Right("a green apple")));

        fine.Segments.Count.ShouldBe(2);
        fine.Segments.ShouldAllBe(segment => segment.IgnoredBecause.Length == 0);
        fine.Images[0].Png.ShouldNotBe((await generator.ResultAsync(Request())).Images[0].Png);
    }

    [Fact]
    public async Task Mask_WhatIsBlackIsKept_AndWhatIsWhiteIsDrawnAnew()
    {
        var start = Gradient(64, 64);
        var events = await generator.EventsAsync(Requests.Plain(request => (request.InitImage, request.Mask) = (start, Painted(64, 64, (x, _) => x < 32))));
        var picture = ImageDecoder.Decode(events[^1].Result.Images[0].Png.Span);
        var unchanged = ImageDecoder.Decode((await ResultAsync(request => (request.InitImage, request.Strength) = (start, 0.2f))).Images[0].Png.Span);
        var original = ImageDecoder.Decode(start.Encoded.Span);

        double Change(RgbImage image, Func<int, bool> isInside) => Enumerable.Range(0, 64 * 64).Where(i => isInside(i % 64))
            .Average(i => Math.Abs(image.Pixels[i * 3] - original.Pixels[i * 3]));
        Change(picture, x => x >= 40).ShouldBeLessThan(Change(picture, x => x < 24) / 2);
        Change(picture, x => x >= 40).ShouldBeLessThan(Change(unchanged, x => x >= 40) * 1.5);
        // all steps are run unless the call says otherwise
        events.Where(step => step.EventCase == GenerateResponse.EventOneofCase.Progress).ShouldAllBe(step => step.Progress.TotalSteps == 6);
    }

    [Fact]
    public async Task Mask_OfAPictureThatIsScaled_IsScaledToo_AndGrayCountsFromHalfOn()
    {
        async Task<ByteString> PictureAsync(Image mask) => (await ResultAsync(request =>
            (request.InitImage, request.Mask, request.Width, request.Height) = (Gradient(128, 128), mask, 64, 64))).Images[0].Png;

        var white = await PictureAsync(Painted(128, 128, (x, _) => x < 60));

        (await PictureAsync(Painted(128, 128, (x, _) => x < 60, light: 150))).ShouldBe(white);
        (await PictureAsync(Painted(128, 128, (x, _) => x < 60, dark: 100))).ShouldBe(white);
        (await PictureAsync(Painted(128, 128, (x, _) => x < 96))).ShouldNotBe(white);
    }

    [Fact]
    public async Task Mask_FineStage_WorksOnIt()
    {
        GenerateRequest Request(params Segment[] segments)
        {
            var request = Requests.Fine(segments);
            (request.InitImage, request.Mask) = (Gradient(64, 64), Painted(64, 64, (x, _) => x < 32));
            return request;
        }

        var fine = await generator.ResultAsync(Request(Requests.Left("a red car")));

        fine.Segments.ShouldHaveSingleItem().IgnoredBecause.ShouldBeEmpty();
        fine.Images[0].Png.ShouldNotBe((await generator.ResultAsync(Request())).Images[0].Png);
    }

    public static TheoryData<string, Action<GenerateRequest>> BadFields => new()
    {
        { "mask", request => request.Mask = Gradient(64, 64) },
        { "mask", request => (request.InitImage, request.Mask) = (Gradient(64, 64), Gradient(64, 32)) },
        { "mask", request => (request.InitImage, request.Mask) = (Gradient(64, 64), Painted(64, 64, (_, _) => false)) },
        { "mask", request => (request.InitImage, request.Mask) = (Gradient(64, 64), new Image()) },
        { "mask.encoded", request => (request.InitImage, request.Mask) = (Gradient(64, 64), new Image { Encoded = ByteString.CopyFromUtf8("no picture") }) },
        { "mask", request => (request.InitImage, request.Mask) = (Gradient(6000, 6000), Gradient(6000, 6000)) },
        { "strength", request => request.Strength = 0.5f },
        { "strength", request => (request.InitImage, request.Strength) = (Gradient(64, 64), 0) },
        { "strength", request => (request.InitImage, request.Strength) = (Gradient(64, 64), 1.5f) },
        { "strength", request => (request.InitImage, request.Strength) = (Gradient(64, 64), 0.01f) },
        { "init_image", request => request.InitImage = new Image() },
        { "init_image.encoded", request => request.InitImage = new Image { Encoded = ByteString.CopyFromUtf8("no picture") } },
        { "init_image", request => request.InitImage = Gradient(32, 64) },
        { "prompt_2", request => request.Prompt2 = "a cat" },
        { "prompt", request => (request.Prompt, request.PromptSyntax) = ("a (red car:1e9)", PromptSyntax.Weighted) },
        { "prompt", request => (request.Prompt, request.PromptSyntax) = ("a (red car", PromptSyntax.Compel) },
        { "prompt", request => (request.Prompt, request.PromptSyntax) = ("( )", PromptSyntax.Weighted) },
        { "negative_prompt", request => (request.NegativePrompt, request.PromptSyntax) = ("(a:NaN)", PromptSyntax.Weighted) },
        { "prompt_syntax", request => request.PromptSyntax = (PromptSyntax)77 },
        { "prompt_chunks", request => request.PromptChunks = 0 },
        { "prompt_chunks", request => request.PromptChunks = 9 },
        { "negative_prompt_2", request => request.NegativePrompt2 = "a cat" },
        { "clip_skip", request => request.ClipSkip = 50 },
        { "clip_skip", request => request.ClipSkip = -1 },
        { "sizes", request => request.Sizes = new SizeConditions { OriginalHeight = 100, OriginalWidth = 100 } },
        { "sizes.original_width", request => request.Sizes = new SizeConditions { OriginalHeight = 100 } },
        { "sizes.crop_top", request => request.Sizes = new SizeConditions { CropTop = -1 } },
        { "negative_sizes.target_height", request => request.NegativeSizes = new SizeConditions { TargetHeight = 0, TargetWidth = 8 } },
    };

    [Theory]
    [MemberData(nameof(BadFields), DisableDiscoveryEnumeration = true)]
    public async Task FieldThatCannotBeUsed_IsInvalidArgument(string field, Action<GenerateRequest> change)
    {
        var failure = await TestService.FailsAsync(() => generator.EventsAsync(Requests.Plain(change)));

        failure.StatusCode.ShouldBe(StatusCode.InvalidArgument);
        failure.GetRpcStatus()!.GetDetail<Google.Rpc.BadRequest>()!.FieldViolations.Single().Field.ShouldBe(field);
    }

    [Fact]
    public async Task PromptSyntaxAndChunks_ReachTheModel()
    {
        async Task<GenerateResult> DrawAsync(string prompt, PromptSyntax syntax, int chunks = 1) => await ResultAsync(request =>
            (request.Prompt, request.PromptSyntax, request.PromptChunks) = (prompt, syntax, chunks));

        var plain = await DrawAsync("a red car", PromptSyntax.Plain);
        var weighted = await DrawAsync("a (red:1.4) car", PromptSyntax.Weighted);
        var longer = string.Join(' ', Enumerable.Repeat("a red car", 40));

        (await DrawAsync("a red car", PromptSyntax.Weighted)).Images[0].Png.ShouldBe(plain.Images[0].Png);
        weighted.Images[0].Png.ShouldNotBe(plain.Images[0].Png);
        weighted.EffectivePrompt.ShouldBe("a (red:1.4) car");
        (await DrawAsync("a (red)1.4 car", PromptSyntax.Compel)).Images[0].Png.ShouldNotBe(plain.Images[0].Png);
        (await DrawAsync(longer, PromptSyntax.Plain)).TruncatedPrompt.ShouldNotBeEmpty();
        (await DrawAsync(longer, PromptSyntax.Plain, chunks: 4)).TruncatedPrompt.ShouldBeEmpty();
    }

    [Fact]
    public async Task ClipSkip_ChangesThePicture()
    {
        var plain = await ResultAsync(_ => { });

        (await ResultAsync(request => request.ClipSkip = 1)).Images[0].Png.ShouldNotBe(plain.Images[0].Png);
        (await ResultAsync(request => request.ClipSkip = 0)).Images[0].Png.ShouldBe(plain.Images[0].Png);
    }

    [Fact]
    public async Task NegativePromptThatDoesNotFit_IsReported()
    {
        var result = await ResultAsync(request => request.NegativePrompt = string.Join(' ', Enumerable.Repeat("blurry", 100)) + " tail");

        result.TruncatedNegativePrompt.ShouldEndWith("tail");
        result.TruncatedPrompt.ShouldBeEmpty();
    }

    [Fact]
    public async Task XlFields_ReachTheModel()
    {
        var snapshot = Path.Combine(ConformancePack.Require(), "diffusion", "sdxl", "snapshot");
        await using var service = await TestService.StartAsync(GeneratorApp.Build, $"--Generator:Model={snapshot}");
        var client = new GeneratorService.GeneratorServiceClient(service.Channel);
        async Task<ByteString> PictureAsync(Action<GenerateRequest> change)
        {
            var events = await RunningGenerator.EventsAsync(client, Requests.Plain(request =>
            {
                (request.NumInferenceSteps, request.Width, request.Height, request.GuidanceScale) = (2, 64, 64, 5);
                change(request);
            }));
            return events[^1].Result.Images[0].Png;
        }

        var plain = await PictureAsync(_ => { });

        (await PictureAsync(request => request.Prompt2 = Requests.Prompt)).ShouldBe(plain);
        (await PictureAsync(request => request.Prompt2 = "a white boat")).ShouldNotBe(plain);
        (await PictureAsync(request => request.NegativePrompt2 = "a white boat")).ShouldNotBe(plain);
        (await PictureAsync(request => request.Sizes = new SizeConditions { OriginalHeight = 512, OriginalWidth = 512 })).ShouldNotBe(plain);
        (await PictureAsync(request => request.NegativeSizes = new SizeConditions { CropTop = 32 })).ShouldNotBe(plain);
    }

    private async Task<GenerateResult> ResultAsync(Action<GenerateRequest> change) => await generator.ResultAsync(Requests.Plain(change));

    private static Image Gradient(int width, int height)
    {
        var pixels = new byte[width * height * 3];
        for (var i = 0; i < width * height; i++)
            (pixels[i * 3], pixels[(i * 3) + 1], pixels[(i * 3) + 2]) = ((byte)(i % width * 255 / width), (byte)(i / width * 255 / height), 128);
        return new Image { Encoded = ByteString.CopyFrom(ImageEncoder.Png(new RgbImage(width, height, pixels))) };
    }

    private static Image Painted(int width, int height, Func<int, int, bool> isLight, byte light = 255, byte dark = 0)
    {
        var pixels = new byte[width * height * 3];
        for (var i = 0; i < pixels.Length; i++)
            pixels[i] = isLight(i / 3 % width, i / 3 / width) ? light : dark;
        return new Image { Encoded = ByteString.CopyFrom(ImageEncoder.Png(new RgbImage(width, height, pixels))) };
    }

    private static double Distance(GenerateResult result, Image image)
    {
        var (a, b) = (ImageDecoder.Decode(result.Images[0].Png.Span), ImageDecoder.Decode(image.Encoded.Span));
        return a.Pixels.Zip(b.Pixels, (x, y) => Math.Abs(x - y)).Average();
    }

    private static (int Width, int Height) Decoded(GenerateResult result)
    {
        var image = ImageDecoder.Decode(result.Images[0].Png.Span);
        return (image.Width, image.Height);
    }
}
