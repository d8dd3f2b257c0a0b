namespace Realign.Diffusion.FineStage;

/// <summary>What happens to a token that two segments claim.</summary>
public enum SharedTokens
{
    /// <summary>It belongs to both: union of the masks, larger of the scores.</summary>
    Or,

    /// <summary>It belongs to the later segment, as in DenseDiffusion.</summary>
    Last,
}
