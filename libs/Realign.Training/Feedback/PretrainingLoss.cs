using Realign.Diffusion.UNet;
using static TorchSharp.torch;

namespace Realign.Training.Feedback;

/// <summary>The denoising loss of pre-training, which keeps a rewarded model from drifting away (L_pre of ReFL and RealignDiff).</summary>
public static class PretrainingLoss
{
    /// <summary>Mean over elements of (eps - eps_theta(sqrt(abar) z0 + sqrt(1 - abar) eps))^2.</summary>
    /// <param name="unet">Denoiser for epsilon prediction.</param>
    /// <param name="alphasCumprod">Table of training.</param>
    /// <param name="latents">z0 (B, C, h, w).</param>
    /// <param name="noise">eps (B, C, h, w).</param>
    /// <param name="timesteps">B times inside the table.</param>
    /// <param name="textStates">(B, T, D)</param>
    public static Tensor Compute(
        UNet2DConditionModel unet, IReadOnlyList<float> alphasCumprod, Tensor latents, Tensor noise, IReadOnlyList<int> timesteps, Tensor textStates)
    {
        if (timesteps.Count != latents.shape[0] || !latents.shape.SequenceEqual(noise.shape))
            throw new ArgumentException($"{timesteps.Count} times, latents [{string.Join(", ", latents.shape)}], noise [{string.Join(", ", noise.shape)}]",
                nameof(timesteps));
        using var scope = NewDisposeScope();
        var signal = PerSample(time => Math.Sqrt(alphasCumprod[time]));
        var amount = PerSample(time => Math.Sqrt(1 - (double)alphasCumprod[time]));
        var noisy = latents.mul(signal).add(noise.mul(amount));
        var times = tensor(timesteps.Select(time => (long)time).ToArray(), device: latents.device);
        return unet.forward(noisy, times, textStates).sub(noise).square().mean().MoveToOuterDisposeScope();

        Tensor PerSample(Func<int, double> value) =>
            tensor(timesteps.Select(time => (float)value(time)).ToArray(), [timesteps.Count, 1, 1, 1], device: latents.device);
    }
}
