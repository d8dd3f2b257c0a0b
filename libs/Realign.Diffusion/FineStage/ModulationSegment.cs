using Realign.Core.Images;

namespace Realign.Diffusion.FineStage;

/// <summary>A region and the tokens that describe it.</summary>
/// <param name="Tokens">Columns of the text states; the begin token is column 0.</param>
/// <param name="Score">s of Eq. 6: 2 = certain, 0.5 = possible.</param>
/// <param name="Mask">Where; all masks of a sample have one size.</param>
public sealed record ModulationSegment(IReadOnlyList<int> Tokens, double Score, BinaryMask Mask);
