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

    /// <summary>Heun.</summary>
    HeunDiscrete,

    /// <summary>Linear multistep.</summary>
    LMSDiscrete,

    /// <summary>DPM-Solver-2, midpoint.</summary>
    KDPM2Discrete,

    /// <summary>DPM-Solver-2, midpoint, ancestral.</summary>
    KDPM2AncestralDiscrete,

    /// <summary>DEIS, multistep.</summary>
    DEISMultistep,

    /// <summary>DPM-Solver++, stochastic, two questions a step.</summary>
    DPMSolverSDE,

    /// <summary>Trajectory consistency distillation.</summary>
    TCD,

    /// <summary>DPM-Solver and DPM-Solver++, singlestep.</summary>
    DPMSolverSinglestep,

    /// <summary>DPM-Solver++ 2S, ancestral, two questions a step.</summary>
    DPMSolver2SAncestral,
}
