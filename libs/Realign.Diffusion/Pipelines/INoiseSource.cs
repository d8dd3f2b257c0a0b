using static TorchSharp.torch;

namespace Realign.Diffusion.Pipelines;

/// <summary>
/// Where a run takes its random numbers from, in order: image posterior and forward noise (image to image) or start latents, the posterior of the
/// masked picture (inpainting models), then one draw per noisy step.
/// </summary>
public interface INoiseSource
{
    /// <summary>The next draw: unit-variance float32 on the CPU. The caller's dispose scope owns it.</summary>
    /// <param name="shape">(B, C, h, w)</param>
    Tensor Next(long[] shape);
}
