namespace Realign.Diffusion.Schedulers;

/// <summary>How the noise levels of a sigma-based sampler are placed.</summary>
public enum SigmaSpacing
{
    /// <summary>Those of training, interpolated at the timesteps.</summary>
    Timesteps,

    /// <summary>Evenly in the 7th root (Karras et al. 2022, Eq. 5).</summary>
    Karras,

    /// <summary>Evenly in the logarithm.</summary>
    Exponential,

    /// <summary>Quantiles of Beta(0.6, 0.6) (Lee et al. 2024).</summary>
    Beta,

    /// <summary>Evenly in log(alpha/sigma) (Lu et al. 2022).</summary>
    LuLambdas,

    /// <summary>The tables of Align Your Steps (Sabour et al. 2024), for the noise schedule of Stable Diffusion.</summary>
    AlignYourSteps,
}
