using Realign.Diffusion.Attention;
using Realign.Diffusion.UNet;
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
    /// <summary>Prediction at one time.</summary>
    /// <param name="latents">(B, C, h, w)</param>
    /// <param name="timestep">Training time.</param>
    /// <param name="attention">Sees the attention of the pass; rows of the empty prompt come first when both passes share a batch.</param>
    /// <returns>(B, C, h, w)</returns>
    public Tensor Predict(Tensor latents, int timestep, IAttentionProcessor? attention = null)
    {
        using var scope = NewDisposeScope();
        var time = tensor((long)timestep, device: latents.device).view(1);
        if (emptyStates is null)
            return unet.forward(latents, time, promptStates, attention: attention).MoveToOuterDisposeScope();
        var (empty, prompt) = unconditionalGradient ? Together(latents, time, emptyStates, attention) : Apart(latents, time, emptyStates, attention);
        return empty.add(prompt.sub(empty).mul(guidanceScale)).MoveToOuterDisposeScope();
    }

    private (Tensor Empty, Tensor Prompt) Together(Tensor latents, Tensor time, Tensor empty, IAttentionProcessor? attention)
    {
        var halves = unet.forward(cat([latents, latents]), time, cat([empty, promptStates]), attention: attention).chunk(2);
        return (halves[0], halves[1]);
    }

    private (Tensor Empty, Tensor Prompt) Apart(Tensor latents, Tensor time, Tensor empty, IAttentionProcessor? attention)
    {
        Tensor constant;
        using (no_grad())
            constant = unet.forward(latents.detach(), time, empty);
        return (constant, unet.forward(latents, time, promptStates, attention: attention));
    }
}
