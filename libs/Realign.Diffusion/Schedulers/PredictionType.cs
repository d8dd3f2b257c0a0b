namespace Realign.Diffusion.Schedulers;

/// <summary>What a denoiser predicts.</summary>
public enum PredictionType
{
    /// <summary>The noise.</summary>
    Epsilon,

    /// <summary>The velocity alpha noise - sigma x0 (Salimans and Ho 2022).</summary>
    VPrediction,

    /// <summary>The clean sample.</summary>
    Sample,
}
