using Grpc.Core;
using Inference;
using Realign.Testing;
using Realign.V1;
using Realign.Wire.Masks;
using Shouldly;
using Xunit;

namespace Realign.Segmenter.Tests;

/// <summary>The Segmenter in the Open Inference Protocol gives what its own call gives.</summary>
public sealed class InferenceTests
{
    private static Task<TestService> StartAsync(params string[] settings) => TestService.StartAsync(SegmenterApp.Build, ["--Segmenter:Threads=1", .. settings]);

    // a ball is none of the model's classes: a low threshold makes it answer
    private static ModelInferRequest Request(long[] shape, params string[] phrases) => new ModelInferRequest { ModelName = "grounded-sam" }
        .With("phrases", "BYTES", shape, InferMessages.Texts(phrases)).With("box_threshold", "FP32", [1], InferMessages.Raw(0.02f));

    [Fact]
    public async Task BoxesMasksAndScores_AreThoseOfTheTypedCall()
    {
        await using var service = await StartAsync();
        var typed = await new SegmenterService.SegmenterServiceClient(service.Channel).SegmentAsync(new SegmentRequest
        {
            Image = Pictures.AsRequest(Pictures.Ball()),
            BoxThreshold = 0.02f,
            Phrases = { "red apple", "car" },
        }).ResponseAsync.DefaultTimeout();
        var found = typed.Phrases.SelectMany((phrase, index) => phrase.Detections.Select(detection => (detection, index))).ToList();
        found.ShouldNotBeEmpty();

        var answer = await service.InferAsync(
            Request([2], "red apple", "car").With("image", "BYTES", [1], InferMessages.Blobs(Pictures.Ball())));

        answer.ShapeOf("boxes").ShouldBe([1, found.Count, 4]);
        answer.ShapeOf("masks").ShouldBe([1, found.Count, 64, 64]);
        answer.Read<float>("boxes").ShouldBe(found.SelectMany(entry =>
            new[] { entry.detection.Box.X0, entry.detection.Box.Y0, entry.detection.Box.X1, entry.detection.Box.Y1 }));
        answer.Read<float>("score").ShouldBe(found.Select(entry => entry.detection.Score));
        answer.Read<int>("phrase").ShouldBe(found.Select(entry => entry.index));
        answer.Read<byte>("masks").ShouldBe(found.SelectMany(entry => MaskMessages.Read("mask", entry.detection.Mask).ToMask().Cells));
    }

    [Fact]
    public async Task PicturesOfSeveralSizes_HaveBoxesButNoTensorOfMasks()
    {
        await using var service = await StartAsync();
        var request = Request([2, 1], "red apple", "red apple").With("image", "BYTES", [2], InferMessages.Blobs(Pictures.Ball(), Pictures.Ball(32)));

        var failure = await TestService.FailsAsync(() => service.InferAsync(request));
        var boxes = await service.InferAsync(request.Wanting("boxes", "score"));

        failure.StatusCode.ShouldBe(StatusCode.InvalidArgument);
        failure.Status.Detail.ShouldStartWith("image = pictures of several sizes");
        boxes.Outputs.Select(output => output.Name).ShouldBe(["boxes", "score"]);
        boxes.ShapeOf("score")[0].ShouldBe(2);
    }

    [Fact]
    public async Task MoreMasksThanAnAnswerHolds_IsInvalidArgument()
    {
        await using var service = await StartAsync("--Hosting:MaxMessageMegabytes=1");

        var failure = await TestService.FailsAsync(() => service.InferAsync(
            Request([8], [.. Enumerable.Repeat("red apple", 8)]).With("image", "BYTES", [1], InferMessages.Blobs(Pictures.Blank(2048, 2048)))));

        failure.StatusCode.ShouldBe(StatusCode.InvalidArgument);
        failure.Status.Detail.ShouldContain("MiB");
    }

    [Fact]
    public async Task RowsOfPhrases_AreAsManyAsPictures()
    {
        await using var service = await StartAsync();

        var failure = await TestService.FailsAsync(() => service.InferAsync(
            Request([2, 1], "car", "dog").With("image", "BYTES", [1], InferMessages.Blobs(Pictures.Ball()))));

        failure.StatusCode.ShouldBe(StatusCode.InvalidArgument);
        failure.Status.Detail.ShouldStartWith("phrases = 2 rows");
    }
}
