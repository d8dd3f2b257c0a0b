using Google.Protobuf;
using Grpc.Core;
using Grpc.Health.V1;
using Realign.Grounding.Segmentation;
using Realign.Testing;
using Realign.V1;
using Shouldly;
using Xunit;

namespace Realign.Segmenter.Tests;

/// <summary>The Segmenter on the miniature models, over real gRPC.</summary>
public sealed class SegmenterServiceTests
{
    private static SegmenterService.SegmenterServiceClient Client(TestService service) => new(service.Channel);

    private static Task<TestService> StartAsync(params string[] settings) => TestService.StartAsync(SegmenterApp.Build, ["--Segmenter:Threads=1", .. settings]);

    private static async Task<SegmentResponse> SegmentAsync(TestService service, SegmentRequest request) =>
        await Client(service).SegmentAsync(request).ResponseAsync.DefaultTimeout();

    private static SegmentRequest Request(params string[] phrases)
    {
        // a ball is none of the model's classes: a low threshold makes it answer
        var request = new SegmentRequest { Image = Pictures.AsRequest(Pictures.Ball()), BoxThreshold = 0.02f };
        request.Phrases.AddRange(phrases);
        return request;
    }

    private static long Area(Mask mask) => mask.Counts.Where((_, index) => index % 2 == 1).Sum(count => (long)count);

    [Fact]
    public async Task Segment_RedApple_CutsOutTheBall()
    {
        await using var service = await StartAsync();

        var response = await SegmentAsync(service, Request("red apple"));

        (await service.HealthAsync("segmenter")).ShouldBe(HealthCheckResponse.Types.ServingStatus.Serving);
        (response.Width, response.Height).ShouldBe((64, 64));
        var found = response.Phrases.ShouldHaveSingleItem();
        found.Note.ShouldBeEmpty();
        found.Detections.ShouldNotBeEmpty();
        found.Detections.Select(detection => -detection.Score).ShouldBeInOrder();
        foreach (var detection in found.Detections)
        {
            detection.Box.X0.ShouldBeInRange(0, detection.Box.X1);
            detection.Box.X1.ShouldBeLessThanOrEqualTo(64);
            detection.Mask.Counts.Sum(count => (long)count).ShouldBe(64 * 64);
        }

        // the ball covers a quarter of the picture
        Area(found.Detections[0].Mask).ShouldBeInRange(600, 1500);
        Area(found.Mask).ShouldBeGreaterThanOrEqualTo(Area(found.Detections[0].Mask));
        response.Timings.Select(timing => timing.Name).ShouldBe(["decode", "detect", "segment"]);
    }

    [Fact]
    public async Task Segment_NameColors_SaysTheBallIsRed()
    {
        await using var service = await StartAsync();
        var request = Request("red apple");
        request.NameColors = true;

        var response = await SegmentAsync(service, request);

        var colors = response.Phrases[0].Detections[0].Colors;
        response.ColorNames.ShouldContain("white");
        response.ColorNames.ShouldBe(response.ColorNames.Union(colors.Select(color => color.Name)));
        colors[0].Name.ShouldBe("red");
        colors.Select(color => -color.Share).ShouldBeInOrder();
        colors.Sum(color => color.Share).ShouldBe(1, 1e-5);
        var plain = await SegmentAsync(service, Request("red apple"));
        plain.Phrases[0].Detections[0].Colors.ShouldBeEmpty();
        plain.ColorNames.ShouldBeEmpty();
    }

    [Fact]
    public async Task Segment_NameColorsWithBoxesOnlyOrWithoutATable_HasNone()
    {
        using var sam = new ModelCopy("segmenter", "sam");
        await using var service = await StartAsync($"--Segmenter:MaskModel={sam.Path}");
        var request = Request("red apple");
        request.NameColors = true;

        (await SegmentAsync(service, request)).Phrases[0].Detections.ShouldAllBe(detection => detection.Colors.Count == 0 && detection.Mask != null);

        await using var miniature = await StartAsync();
        request.BoxesOnly = true;
        (await SegmentAsync(miniature, request)).Phrases[0].Detections.ShouldAllBe(detection => detection.Colors.Count == 0);
    }

    [Fact]
    public async Task Segment_LargeTallImage_AnswersInItsOwnPixels()
    {
        await using var service = await StartAsync();
        var request = Request("red apple");
        request.Image = Pictures.AsRequest(Pictures.Ball(300));

        var response = await SegmentAsync(service, request);

        (response.Width, response.Height).ShouldBe((300, 300));
        var mask = response.Phrases[0].Detections[0].Mask;
        (mask.Width, mask.Height).ShouldBe((300, 300));
        Area(mask).ShouldBeInRange(12_000, 35_000);
    }

    [Fact]
    public async Task Segment_BoxesOnly_LeavesMasksOut()
    {
        await using var service = await StartAsync();
        var request = Request("red apple");
        request.BoxesOnly = true;

        var found = (await SegmentAsync(service, request)).Phrases[0];

        found.Detections.ShouldNotBeEmpty();
        found.Mask.ShouldBeNull();
        found.Detections.ShouldAllBe(detection => detection.Mask == null && detection.PredictedIou == 0);
    }

    [Fact]
    public async Task Segment_MaxDetectionsAndNms_LimitTheBoxes()
    {
        await using var service = await StartAsync();
        // nearly every cell of the detector's grid answers below this threshold
        SegmentRequest Boxes(float nms, int most)
        {
            var request = Request("red apple");
            (request.BoxThreshold, request.NmsThreshold, request.MaxDetections, request.BoxesOnly) = (1e-6f, nms, most, true);
            return request;
        }

        var all = (await SegmentAsync(service, Boxes(1, 256))).Phrases[0].Detections;
        var apart = (await SegmentAsync(service, Boxes(0.5f, 256))).Phrases[0].Detections;
        var two = (await SegmentAsync(service, Boxes(0.5f, 2))).Phrases[0].Detections;

        apart.Count.ShouldBeLessThan(all.Count);
        two.ShouldBe(apart.Take(2));
    }

    [Fact]
    public async Task Segment_PhrasesWithoutWords_SayWhyAndTheOthersAreAnswered()
    {
        await using var service = await StartAsync();

        var response = await SegmentAsync(service, Request("...", "🦄", "red apple", "?!?", "red apple"));

        response.Phrases.Select(found => found.Phrase).ShouldBe(["...", "🦄", "red apple", "?!?", "red apple"]);
        response.Phrases[0].Note.ShouldNotBeEmpty();
        response.Phrases[1].Note.ShouldNotBeEmpty();
        response.Phrases[0].Detections.ShouldBeEmpty();
        response.Phrases[2].Note.ShouldBeEmpty();
        response.Phrases[4].ShouldBe(response.Phrases[2]);
    }

    [Fact]
    public async Task Segment_64UnicodePhrases_AreAnswered()
    {
        await using var service = await StartAsync();
        string[] phrases = [.. Enumerable.Range(0, 64).Select(index => index % 2 == 0 ? $"café {index}" : $"赤い車 Ωß {index}")];
        var request = Request(phrases);
        request.BoxesOnly = true;

        var response = await SegmentAsync(service, request);

        response.Phrases.Select(found => found.Phrase).ShouldBe(phrases);
    }

    [Theory]
    [InlineData("0 phrases", "phrases")]
    [InlineData("65 phrases", "phrases")]
    [InlineData("empty phrase", "phrases[1]")]
    [InlineData("blank phrase", "phrases[1]")]
    [InlineData("long phrase", "phrases[1]")]
    [InlineData("NUL", "phrases[1]")]
    [InlineData("box threshold 0", "box_threshold")]
    [InlineData("box threshold NaN", "box_threshold")]
    [InlineData("nms threshold 2", "nms_threshold")]
    [InlineData("max detections 0", "max_detections")]
    [InlineData("max detections 257", "max_detections")]
    [InlineData("no image", "image")]
    [InlineData("text", "image")]
    [InlineData("truncated", "image")]
    [InlineData("bomb", "image")]
    [InlineData("animated", "image")]
    public async Task Segment_BadInput_IsInvalidArgument(string kind, string field)
    {
        await using var service = await StartAsync();
        var request = Request("a", "b");
        switch (kind)
        {
            case "0 phrases": request.Phrases.Clear(); break;
            case "65 phrases": request.Phrases.AddRange(Enumerable.Repeat("a", 63)); break;
            case "empty phrase": request.Phrases[1] = ""; break;
            case "blank phrase": request.Phrases[1] = " \t"; break;
            case "long phrase": request.Phrases[1] = new string('a', 257); break;
            case "NUL": request.Phrases[1] = "a\0b"; break;
            case "box threshold 0": request.BoxThreshold = 0; break;
            case "box threshold NaN": request.BoxThreshold = float.NaN; break;
            case "nms threshold 2": request.NmsThreshold = 2; break;
            case "max detections 0": request.MaxDetections = 0; break;
            case "max detections 257": request.MaxDetections = 257; break;
            case "no image": request.Image = null; break;
            case "text": request.Image = Pictures.AsRequest(Pictures.NotAnImage()); break;
            case "truncated": request.Image = Pictures.AsRequest(Pictures.Truncated()); break;
            case "bomb": request.Image = Pictures.AsRequest(Pictures.Bomb()); break;
            case "animated": request.Image = Pictures.AsRequest(Pictures.Animated()); break;
        }

        var failure = await TestService.FailsAsync(() => SegmentAsync(service, request));

        failure.StatusCode.ShouldBe(StatusCode.InvalidArgument);
        failure.Status.Detail.ShouldStartWith(field);
    }

    [Theory]
    [InlineData("cmyk")]
    [InlineData("16-bit")]
    public async Task Segment_OddButGoodPicture_IsAnswered(string kind)
    {
        await using var service = await StartAsync();
        var request = Request("red apple");
        request.Image = Pictures.AsRequest(kind == "cmyk" ? Pictures.BallCmyk() : Pictures.Ball16());

        (await SegmentAsync(service, request)).Phrases[0].Detections.ShouldNotBeEmpty();
    }

    [Fact]
    public async Task Segment_MessageOverTheLimit_IsResourceExhausted()
    {
        await using var service = await StartAsync("--Hosting:MaxMessageMegabytes=1");
        var request = Request("a");
        request.Image = new Image { Encoded = ByteString.CopyFrom(new byte[2 << 20]) };

        (await TestService.FailsAsync(() => SegmentAsync(service, request))).StatusCode.ShouldBe(StatusCode.ResourceExhausted);
    }

    [Fact]
    public async Task Segment_ExpiredDeadline_IsDeadlineExceeded()
    {
        await using var service = await StartAsync();

        var failure = await TestService.FailsAsync(() => Client(service).SegmentAsync(Request("a"), deadline: DateTime.UtcNow.AddSeconds(-1)).ResponseAsync);

        failure.StatusCode.ShouldBe(StatusCode.DeadlineExceeded);
    }

    [Fact]
    public async Task Segment_CancelledWhileQueued_IsCancelledAndLeavesNothingBehind()
    {
        await using var service = await StartAsync();
        using var source = new CancellationTokenSource();
        await using (await Blocker.OccupyAsync<GroundedSegmenter>(service))
        {
            var call = Client(service).SegmentAsync(Request("a"), cancellationToken: source.Token).ResponseAsync;
            await source.CancelAsync();
            (await TestService.FailsAsync(() => call)).StatusCode.ShouldBe(StatusCode.Cancelled);
        }

        (await SegmentAsync(service, Request("red apple"))).Phrases.ShouldHaveSingleItem();
    }

    public static TheoryData<string> BadFolders =>
        ["missing", "no graph", "truncated detector", "truncated encoder", "no decoder", "no vocabulary", "processor", "swapped", "colors", "cuda"];

    [Theory]
    [MemberData(nameof(BadFolders))]
    public async Task Start_BadModelFolder_StaysUpAndSaysWhy(string kind)
    {
        using var dino = new ModelCopy("segmenter", "dino");
        using var sam = new ModelCopy("segmenter", "sam");
        var detector = dino.Path;
        switch (kind)
        {
            case "missing": detector += "-not-there"; break;
            case "no graph": File.Delete(Path.Combine(detector, "onnx", "model.onnx")); break;
            case "truncated detector": dino.Rewrite("onnx/model.onnx", bytes => bytes[..(bytes.Length / 2)]); break;
            case "truncated encoder": sam.Rewrite("onnx/vision_encoder.onnx", bytes => bytes[..100]); break;
            case "no decoder": File.Delete(Path.Combine(sam.Path, "onnx", "prompt_encoder_mask_decoder.onnx")); break;
            case "no vocabulary": File.Delete(Path.Combine(detector, "vocab.txt")); File.Delete(Path.Combine(detector, "tokenizer.json")); break;
            case "processor": dino.Rewrite("preprocessor_config.json", _ => """{"image_mean": [1, 2], "resample": 9}"""u8.ToArray()); break;
            case "swapped": detector = sam.Path; break;
            case "colors": File.WriteAllText(Path.Combine(sam.Path, "colors.json"), "{}"); break;
        }

        await using var service = await StartAsync(
            $"--Segmenter:Detector={detector}", $"--Segmenter:MaskModel={sam.Path}", $"--Segmenter:Device={(kind == "cuda" ? "cuda" : "cpu")}");
        var failure = await TestService.FailsAsync(() => SegmentAsync(service, Request("a")));

        failure.StatusCode.ShouldBe(StatusCode.FailedPrecondition);
        failure.Status.Detail.ShouldContain("segmenter is not loaded");
        (await service.HealthAsync()).ShouldBe(HealthCheckResponse.Types.ServingStatus.NotServing);
    }
}
