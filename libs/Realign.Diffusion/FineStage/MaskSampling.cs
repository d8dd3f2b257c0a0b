namespace Realign.Diffusion.FineStage;

/// <summary>How masks are brought to the size of a feature map.</summary>
public enum MaskSampling
{
    /// <summary>A cell belongs to a mask that covers at least half of it; a mask that would vanish keeps its best cell.</summary>
    Area,

    /// <summary>Nearest pixel, by way of the latent size, as in DenseDiffusion.</summary>
    Nearest,
}
