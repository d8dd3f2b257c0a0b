using Realign.Torch;
using static TorchSharp.torch;

namespace Realign.Diffusion.Schedulers;

/// <summary>Conversions between what a denoiser predicts, the clean sample and the noise, where x = alpha x0 + sigma noise.</summary>
internal static class Prediction
{
    public static Tensor Original(PredictionType type, Tensor output, Tensor sample, double alpha, double sigma) => type switch
    {
        PredictionType.Epsilon => sample.sub(output.mul(Scalars.Of(sigma))).div(Scalars.Of(alpha)),
        PredictionType.VPrediction => sample.mul(Scalars.Of(alpha)).sub(output.mul(Scalars.Of(sigma))),
        _ => output,
    };

    public static Tensor Noise(PredictionType type, Tensor output, Tensor sample, double alpha, double sigma) => type switch
    {
        PredictionType.Epsilon => output,
        PredictionType.VPrediction => output.mul(Scalars.Of(alpha)).add(sample.mul(Scalars.Of(sigma))),
        _ => sample.sub(output.mul(Scalars.Of(alpha))).div(Scalars.Of(sigma)),
    };
}
