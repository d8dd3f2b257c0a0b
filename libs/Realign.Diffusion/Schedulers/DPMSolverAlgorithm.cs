namespace Realign.Diffusion.Schedulers;

/// <summary>Form of the multistep solver.</summary>
internal enum DPMSolverAlgorithm
{
    /// <summary>Integrates the clean sample (Lu et al. 2022b).</summary>
    DPMSolverPlusPlus,

    /// <summary>Integrates the noise (Lu et al. 2022a).</summary>
    DPMSolver,

    /// <summary>Integrates the clean sample, with fresh noise in each step.</summary>
    StochasticDPMSolverPlusPlus,
}
