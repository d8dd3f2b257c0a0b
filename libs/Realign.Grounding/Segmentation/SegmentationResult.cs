namespace Realign.Grounding.Segmentation;

/// <summary>The answers to all phrases.</summary>
/// <param name="Phrases">One a phrase, in order.</param>
/// <param name="DetectTime">Time spent in the detector.</param>
/// <param name="SegmentTime">Time spent in the segmenter.</param>
public sealed record SegmentationResult(IReadOnlyList<GroundedText> Phrases, TimeSpan DetectTime, TimeSpan SegmentTime);
