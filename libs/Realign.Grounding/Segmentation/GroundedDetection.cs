using Realign.Core.Images;
using Realign.Grounding.Colors;

namespace Realign.Grounding.Segmentation;

/// <summary>One object.</summary>
/// <param name="Box">Where, inside the image.</param>
/// <param name="Score">Detector's score, 0..1.</param>
/// <param name="Mask">Exact shape; null when masks were left out.</param>
/// <param name="PredictedIou">Segmenter's own estimate of the mask's IoU; 0 without a mask.</param>
/// <param name="Colors">Colors inside the mask, the largest share first; empty when none were asked for or nothing names them.</param>
public sealed record GroundedDetection(BoundingBox Box, float Score, MaskRuns? Mask, float PredictedIou, IReadOnlyList<ColorShare> Colors);
