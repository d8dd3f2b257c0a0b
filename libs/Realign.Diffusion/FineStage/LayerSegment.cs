namespace Realign.Diffusion.FineStage;

/// <summary>A segment as one attention layer sees it.</summary>
/// <param name="Tokens">Columns of the text states.</param>
/// <param name="Score">s of Eq. 6.</param>
/// <param name="IsBackground">The rest of the picture: counts in areas and in self-attention, but its rows are uncovered.</param>
public sealed record LayerSegment(IReadOnlyList<int> Tokens, double Score, bool IsBackground);
