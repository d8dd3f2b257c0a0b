namespace Realign.Imaging;

/// <summary>How a processor chooses the size of the resized picture.</summary>
public enum ResizeRule
{
    /// <summary>To a fixed height and width; the aspect ratio is lost (BLIP, BLIP-2, RAM).</summary>
    Exact,

    /// <summary>The shorter edge to a length, the longer one in proportion (CLIP).</summary>
    ShortestEdge,

    /// <summary>The shorter edge to a length, unless the longer one would exceed a limit (Grounding DINO).</summary>
    ShortestEdgeWithLimit,

    /// <summary>The longer edge to a length (SAM).</summary>
    LongestEdge,
}
