using Realign.Core.Images;

namespace Realign.Diffusion.FineStage;

/// <summary>A phrase, how sure it is, and where it belongs.</summary>
/// <param name="Phrase">As in the prompt, or to be added to it.</param>
/// <param name="Score">s of Eq. 6: 2 = certain, 0.5 = possible, 0 = does not belong into the picture.</param>
/// <param name="Mask">Of any size, stretched over the picture; null only with score 0.</param>
public sealed record PhraseRegion(string Phrase, double Score, MaskRuns? Mask);
