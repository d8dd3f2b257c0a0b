using static TorchSharp.torch;

namespace Realign.Diffusion.Schedulers;

/// <summary>What one denoising step gives.</summary>
/// <param name="PrevSample">The less noisy latents, shape and type of the input.</param>
/// <param name="PredOriginalSample">The clean latents this step predicts (for LCM: the denoised ones), same shape and type.</param>
public sealed record SchedulerStep(Tensor PrevSample, Tensor PredOriginalSample);
