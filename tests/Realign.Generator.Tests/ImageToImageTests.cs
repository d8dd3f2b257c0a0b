using Google.Protobuf;
using Grpc.Core;
using Realign.Core.Images;
using Realign.Imaging;
using Realign.Testing;
using Realign.V1;
using Shouldly;
using Xunit;

namespace Realign.Generator.Tests;

/// <summary>Image to image, the texts of a second encoder, clip skip and XL's sizes over real gRPC.</summary>
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

    public static TheoryData<string, Action<GenerateRequest>> BadFields => new()
    {
        { "strength", request => request.Strength = 0.5f },
        { "strength", request => (request.InitImage, request.Strength) = (Gradient(64, 64), 0) },
        { "strength", request => (request.InitImage, request.Strength) = (Gradient(64, 64), 1.5f) },
        { "strength", request => (request.InitImage, request.Strength) = (Gradient(64, 64), 0.01f) },
        { "init_image", request => request.InitImage = new Image() },
        { "init_image.encoded", request => request.InitImage = new Image { Encoded = ByteString.CopyFromUtf8("no picture") } },
        { "init_image", request => request.InitImage = Gradient(32, 64) },
        { "prompt_2", request => request.Prompt2 = "a cat" },
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
