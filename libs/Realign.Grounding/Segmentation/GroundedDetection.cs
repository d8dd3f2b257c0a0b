using Realign.Core.Images;

namespace Realign.Grounding.Segmentation;

/// <summary>One object.</summary>
/// <param name="Box">Where, inside the image.</param>
/// <param name="Score">Detector's score, 0..1.</param>
/// <param name="Mask">Exact shape; null when masks were left out.</param>
/// <param name="PredictedIou">Segmenter's own estimate of the mask's IoU; 0 without a mask.</param>
public sealed record GroundedDetection(BoundingBox Box, float Score, MaskRuns? Mask, float PredictedIou);
