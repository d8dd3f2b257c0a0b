using Realign.Core.Errors;
using Realign.Grounding.Segmentation;
using Realign.Imaging;
using Realign.Onnx;
using Realign.Testing;
using Shouldly;
using Xunit;

namespace Realign.Grounding.Tests;

/// <summary>Detector and mask decoder together, on the embedded models.</summary>
public sealed class GroundedSegmenterTests : IDisposable
{
    private readonly GroundedSegmenter _segmenter = GroundedSegmenter.Open(
        Checkout.Miniature("segmenter", "dino"), Checkout.Miniature("segmenter", "sam"), new OnnxModelOptions(), CancellationToken.None);

    public void Dispose() => _segmenter.Dispose();

    [Fact]
    public void Segment_KnownUnknownAndEmptyPhrases_EachHasItsAnswer()
    {
        var image = ImageDecoder.Decode(Pictures.Ball());
        string[] phrases = ["red ball", "\u2603", "?", "red ball"];

        var result = _segmenter.Segment(image, phrases, new SegmentationOptions { BoxThreshold = 0 }, TestContext.Current.CancellationToken);

        result.Phrases.Select(text => text.Phrase).ShouldBe(phrases);
        result.Phrases[1].Note.ShouldContain("no word");
        result.Phrases[2].Note.ShouldContain("nothing to look for");
        result.Phrases[3].ShouldBe(result.Phrases[0]);
        result.Phrases[0].Detections.ShouldNotBeEmpty();
        foreach (var detection in result.Phrases[0].Detections)
        {
            detection.Box.X0.ShouldBeGreaterThanOrEqualTo(0);
            detection.Box.X1.ShouldBeLessThanOrEqualTo(image.Width);
            detection.Box.Y1.ShouldBeLessThanOrEqualTo(image.Height);
            detection.Mask.ShouldNotBeNull().Width.ShouldBe(image.Width);
        }

        result.Phrases[0].Detections.Select(detection => detection.Score).ShouldBe(result.Phrases[0].Detections.Select(detection => detection.Score)
            .OrderDescending());
    }

    [Fact]
    public void Segment_PhraseLongerThanTheModelTakes_IsRefusedByItsField() =>
        Should.Throw<InvalidInputException>(() => _segmenter.Segment(
            ImageDecoder.Decode(Pictures.Ball()), ["ball", string.Join(' ', Enumerable.Repeat("ball", 400))], new SegmentationOptions(),
                CancellationToken.None))
            .Message.ShouldContain("phrases[1]");

    [Fact]
    public void Segment_Cancelled_Ends() =>
        Should.Throw<OperationCanceledException>(() => _segmenter.Segment(
            ImageDecoder.Decode(Pictures.Ball()), ["ball"], new SegmentationOptions(), new CancellationToken(canceled: true)));
}
