using Realign.Torch;
using Realign.Training.Sampling;
using static TorchSharp.torch;

namespace Realign.Training.Feedback;

/// <summary>DRaFT-LV (Clark et al. 2024): more gradient samples of the last step at the price of one pass each.</summary>
public static class LowVariance
{
    /// <summary>Noises a finished sample to the last time of the run and denoises it once more, with gradient only in that step.</summary>
    /// <param name="sampler">Its last step is repeated.</param>
    /// <param name="result">Finished sample; a constant here.</param>
    /// <param name="noise">Unit noise of the same shape.</param>
    /// <param name="predict">Predicted noise for latents at a step index.</param>
    public static Tensor Renoise(LinearSampler sampler, Tensor result, Tensor noise, Func<Tensor, int, Tensor> predict)
    {
        using var scope = NewDisposeScope();
        var step = sampler.Steps[^1];
        var noisy = result.detach().mul(Scalars.Of(Math.Sqrt(step.AlphaCumprod))).add(noise.mul(Scalars.Of(Math.Sqrt(1 - step.AlphaCumprod))));
        return noisy.mul(Scalars.Of(step.Sample)).add(predict(noisy, sampler.Steps.Count - 1).mul(Scalars.Of(step.Prediction))).MoveToOuterDisposeScope();
    }
}
