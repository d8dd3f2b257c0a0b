using Realign.Torch;
using static TorchSharp.torch;

namespace Realign.Diffusion.Pipelines;

/// <summary>Classifier-free guidance.</summary>
internal static class Guidance
{
    /// <param name="negative">Prediction for the negative prompt u (B, C, h, w).</param>
    /// <param name="positive">Prediction for the prompt c (B, C, h, w).</param>
    /// <param name="scale">Weight w of u + w (c - u).</param>
    /// <param name="rescale">Share phi of the rescaled prediction.</param>
    public static Tensor Combine(Tensor negative, Tensor positive, double scale, double rescale)
    {
        using var scope = NewDisposeScope();
        var guided = negative.add(positive.sub(negative), alpha: Scalars.Of(scale));
        if (rescale > 0)
        {
            var contrast = Deviation(positive).div(Deviation(guided));
            guided = guided.mul(contrast).mul(Scalars.Of(rescale)).add(guided, alpha: Scalars.Of(1 - rescale));
        }

        return guided.MoveToOuterDisposeScope();
    }

    // unbiased, per sample over channels and pixels
    private static Tensor Deviation(Tensor prediction) => prediction.std([1, 2, 3], unbiased: true, keepdim: true);
}
