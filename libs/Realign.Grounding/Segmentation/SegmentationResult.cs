namespace Realign.Grounding.Segmentation;

/// <summary>The answers to all phrases.</summary>
/// <param name="Phrases">One a phrase, in order.</param>
/// <param name="DetectTime">Time spent in the detector.</param>
/// <param name="SegmentTime">Time spent in the segmenter.</param>
/// <param name="ColorNames">The colors that could be named; empty when none were asked for or nothing names them.</param>
public sealed record SegmentationResult(
    IReadOnlyList<GroundedText> Phrases, TimeSpan DetectTime, TimeSpan SegmentTime, IReadOnlyList<string> ColorNames);
