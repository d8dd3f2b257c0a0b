using Realign.Torch;
using static TorchSharp.torch;

namespace Realign.Diffusion.Schedulers;

/// <summary>Conversions between what a denoiser predicts, the clean sample and the noise, where x = alpha x0 + sigma noise.</summary>
internal static class Prediction
{
    public static Tensor Original(string type, Tensor output, Tensor sample, double alpha, double sigma) => type switch
    {
        "epsilon" => sample.sub(output.mul(Scalars.Of(sigma))).div(Scalars.Of(alpha)),
        "v_prediction" => sample.mul(Scalars.Of(alpha)).sub(output.mul(Scalars.Of(sigma))),
        _ => output,
    };

    public static Tensor Noise(string type, Tensor output, Tensor sample, double alpha, double sigma) => type switch
    {
        "epsilon" => output,
        "v_prediction" => output.mul(Scalars.Of(alpha)).add(sample.mul(Scalars.Of(sigma))),
        _ => sample.sub(output.mul(Scalars.Of(alpha))).div(Scalars.Of(sigma)),
    };

    /// <summary>Dynamic thresholding: each sample is clipped at a quantile of its magnitudes and divided by it.</summary>
    public static Tensor Threshold(Tensor original, SchedulerConfig config)
    {
        using var scope = NewDisposeScope();
        var bound = quantile(original.flatten(1).abs(), tensor(config.DynamicThresholdingRatio, dtype: original.dtype), dim: 1)
            .clamp(Scalars.Of(1), Scalars.Of(config.SampleMaxValue))
            .view([original.shape[0], .. Enumerable.Repeat(1L, (int)original.dim() - 1)]);
        return minimum(maximum(original, bound.neg()), bound).div(bound).MoveToOuterDisposeScope();
    }

    /// <summary>Thresholding or clipping of the clean sample, as the config asks.</summary>
    public static Tensor Limit(Tensor original, SchedulerConfig config, bool clips)
    {
        if (config.Thresholding)
            return Threshold(original, config);
        return clips ? original.clamp(Scalars.Of(-config.ClipSampleRange), Scalars.Of(config.ClipSampleRange)) : original;
    }
}
