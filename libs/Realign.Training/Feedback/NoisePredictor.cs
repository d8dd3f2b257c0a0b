using Realign.Diffusion.Attention;
using Realign.Diffusion.UNet;
using Realign.Torch;
using static TorchSharp.torch;

namespace Realign.Training.Feedback;

/// <summary>Predicted noise for latents, with or without classifier-free guidance.</summary>
/// <param name="unet">Denoiser for epsilon prediction.</param>
/// <param name="promptStates">(B, T, D), constants.</param>
/// <param name="emptyStates">(B, T, D) of the empty prompt; null = no guidance.</param>
/// <param name="guidanceScale">w in eu + w (ec - eu); ignored without guidance.</param>
/// <param name="unconditionalGradient">Whether gradients enter the pass of the empty prompt.</param>
public sealed class NoisePredictor(
    UNet2DConditionModel unet, Tensor promptStates, Tensor? emptyStates = null, double guidanceScale = 1, bool unconditionalGradient = true)
{
    /// <summary>Prediction at one time. The passes of the prompt and of the empty prompt are separate: their gradients nearly cancel.</summary>
    /// <param name="latents">(B, C, h, w)</param>
    /// <param name="timestep">Training time.</param>
    /// <param name="attention">Takes part in the pass of the prompt, e.g. a recorder.</param>
    /// <returns>(B, C, h, w)</returns>
    public Tensor Predict(Tensor latents, int timestep, IAttentionProcessor? attention = null)
    {
        using var scope = NewDisposeScope();
        var time = tensor((long)timestep, device: latents.device).view(1);
        var prompt = unet.forward(latents, time, promptStates, attention: attention);
        if (emptyStates is null)
            return prompt.MoveToOuterDisposeScope();
        var empty = PredictEmpty(latents, time, emptyStates);
        return empty.add(prompt.sub(empty).mul(Scalars.Of(guidanceScale))).MoveToOuterDisposeScope();
    }

    private Tensor PredictEmpty(Tensor latents, Tensor time, Tensor states)
    {
        if (unconditionalGradient)
            return unet.forward(latents, time, states);
        using var noGradient = no_grad();
        return unet.forward(latents, time, states);
    }
}
