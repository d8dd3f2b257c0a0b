namespace Realign.Diffusion.Checkpoints;

/// <summary>Families of checkpoints in the first authors' layout; their structure follows from it.</summary>
public enum CheckpointFamily
{
    /// <summary>Stable Diffusion 1.x: OpenAI's CLIP.</summary>
    StableDiffusion1,

    /// <summary>Stable Diffusion 2.x: OpenCLIP.</summary>
    StableDiffusion2,

    /// <summary>Stable Diffusion XL base: both.</summary>
    StableDiffusionXL,

    /// <summary>The refiner of Stable Diffusion XL: the larger OpenCLIP alone.</summary>
    StableDiffusionXLRefiner,
}
