namespace Realign.Diffusion.Schedulers;

/// <summary>How the betas of training run from the first to the last.</summary>
internal enum BetaSchedule
{
    /// <summary>Evenly.</summary>
    Linear,

    /// <summary>Evenly in their square roots.</summary>
    ScaledLinear,

    /// <summary>From a squared cosine of the time, capped (Nichol and Dhariwal 2021).</summary>
    SquaredCosine,
}
