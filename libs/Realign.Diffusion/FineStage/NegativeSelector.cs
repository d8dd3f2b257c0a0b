namespace Realign.Diffusion.FineStage;

/// <summary>Which attention is pulled down (N in Eq. 9).</summary>
public enum NegativeSelector
{
    /// <summary>In rows outside every segment, only what belongs to a segment; elsewhere everything that is not the segment's own.</summary>
    Safe,

    /// <summary>Everything that is not pulled up, in every row, as published.</summary>
    Exact,
}
