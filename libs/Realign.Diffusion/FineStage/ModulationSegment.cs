using Realign.Core.Images;

namespace Realign.Diffusion.FineStage;

/// <summary>A region and the tokens that describe it.</summary>
/// <param name="Tokens">Columns of the text states; the begin token is column 0.</param>
/// <param name="Score">s of Eq. 6: 2 = certain, 0.5 = possible.</param>
/// <param name="Mask">Where, as run lengths: pixels of many masks at the size of the picture would be far more than the picture; all masks of a sample
/// have one size.</param>
public sealed record ModulationSegment(IReadOnlyList<int> Tokens, double Score, MaskRuns Mask)
{
    /// <summary>A region whose pixels are at hand.</summary>
    public ModulationSegment(IReadOnlyList<int> tokens, double score, BinaryMask mask)
        : this(tokens, score, MaskRuns.From(mask))
    {
    }
}
