namespace Realign.Diffusion.Schedulers;

/// <summary>The schedulers that are implemented, by their published class names without "Scheduler".</summary>
public enum SchedulerKind
{
    /// <summary>Denoising diffusion implicit models.</summary>
    DDIM,

    /// <summary>Denoising diffusion probabilistic models.</summary>
    DDPM,

    /// <summary>Pseudo numerical methods.</summary>
    PNDM,

    /// <summary>Euler.</summary>
    EulerDiscrete,

    /// <summary>Euler, ancestral.</summary>
    EulerAncestralDiscrete,

    /// <summary>DPM-Solver and DPM-Solver++, multistep.</summary>
    DPMSolverMultistep,

    /// <summary>Latent consistency models.</summary>
    LCM,

    /// <summary>UniPC, multistep.</summary>
    UniPCMultistep,
}
