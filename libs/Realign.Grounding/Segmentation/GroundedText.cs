using Realign.Core.Images;

namespace Realign.Grounding.Segmentation;

/// <summary>What was found for one phrase.</summary>
/// <param name="Phrase">The phrase as asked.</param>
/// <param name="Detections">Best first; empty = not found.</param>
/// <param name="Mask">Union of the masks; null when there are none.</param>
/// <param name="Note">Why nothing could be looked for; empty otherwise.</param>
public sealed record GroundedText(string Phrase, IReadOnlyList<GroundedDetection> Detections, MaskRuns? Mask, string Note);
