namespace Realign.Training.Sampling;

/// <summary>One step of a sampler as an affine map: x' = Sample * x + Prediction * eps + Noise * z.</summary>
/// <param name="Timestep">What the denoiser is told.</param>
/// <param name="AlphaCumprod">abar at that time.</param>
/// <param name="AlphaCumprodPrevious">abar after the step.</param>
/// <param name="Sample">Factor on the latents.</param>
/// <param name="Prediction">Factor on the predicted noise.</param>
/// <param name="Noise">Factor on fresh unit noise; 0 for a deterministic step.</param>
public sealed record LinearStep(int Timestep, double AlphaCumprod, double AlphaCumprodPrevious, double Sample, double Prediction, double Noise)
{
    /// <summary>sqrt((1 - abar) / abar): noise level relative to the signal, and minus the derivative of x0' with respect to eps.</summary>
    public double Sigma => Math.Sqrt((1 - AlphaCumprod) / AlphaCumprod);
}
