namespace Realign.Diffusion.Schedulers;

/// <summary>The function B(h) (Zhao et al. 2023, section 3.3).</summary>
internal enum UniPCSolverType
{
    /// <summary>h.</summary>
    Bh1,

    /// <summary>exp(h) - 1.</summary>
    Bh2,
}
