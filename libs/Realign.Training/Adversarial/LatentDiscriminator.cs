using Realign.Diffusion.UNet;
using static TorchSharp.torch;

namespace Realign.Training.Adversarial;

/// <summary>
/// Tells generated latents from those of the original model (CoMat's fidelity preservation): a denoiser with adapters of its own, a
/// linear head on its channels at every position. One means original.
/// </summary>
/// <param name="unet">Denoiser; not the instance that is being trained as generator.</param>
/// <param name="headWeight">[1, C]</param>
/// <param name="headBias">[1]</param>
/// <param name="timestep">Time it is told, the last of the run.</param>
/// <param name="emptyStates">(1, T, D) of the empty prompt.</param>
public sealed class LatentDiscriminator(UNet2DConditionModel unet, Tensor headWeight, Tensor headBias, int timestep, Tensor emptyStates)
{
    /// <summary>Logit per position.</summary>
    /// <param name="latents">(B, C, h, w)</param>
    /// <returns>(B, h, w)</returns>
    public Tensor Logits(Tensor latents)
    {
        using var scope = NewDisposeScope();
        var features = unet.forward(latents, tensor((long)timestep, device: latents.device).view(1), emptyStates.expand(latents.shape[0], -1, -1));
        return nn.functional.linear(features.permute(0, 2, 3, 1), headWeight, headBias).squeeze(-1).MoveToOuterDisposeScope();
    }

    /// <summary>Loss of the generator: its latents should pass as original (non-saturating form).</summary>
    /// <param name="logits">Of generated latents, in the graph of the generator.</param>
    public static Tensor GeneratorLoss(Tensor logits) => nn.functional.binary_cross_entropy_with_logits(logits, ones_like(logits, requires_grad: false));

    /// <summary>Loss of the discriminator on both kinds, mean over everything.</summary>
    /// <param name="generatedLogits">Of detached generated latents.</param>
    /// <param name="originalLogits">Of latents of the original model.</param>
    public static Tensor DiscriminatorLoss(Tensor generatedLogits, Tensor originalLogits)
    {
        using var scope = NewDisposeScope();
        var logits = cat([generatedLogits, originalLogits]);
        var targets = cat([zeros_like(generatedLogits, requires_grad: false), ones_like(originalLogits, requires_grad: false)]);
        return nn.functional.binary_cross_entropy_with_logits(logits, targets).MoveToOuterDisposeScope();
    }
}
