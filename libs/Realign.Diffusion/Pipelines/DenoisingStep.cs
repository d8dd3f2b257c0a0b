using static TorchSharp.torch;

namespace Realign.Diffusion.Pipelines;

/// <summary>A step about to be computed.</summary>
/// <param name="Index">From 0, counted in steps of this run.</param>
/// <param name="Count">Steps of this run.</param>
/// <param name="Timestep">What the denoiser is told.</param>
/// <param name="FirstRow">First row of the prompt's half in the UNet's batch: 0 unless the negative half goes before it.</param>
public sealed record DenoisingStep(int Index, int Count, double Timestep, int FirstRow);

/// <summary>A step that was computed. The tensors are valid during the callback only.</summary>
/// <param name="Step">Which.</param>
/// <param name="Latents">Latents after it (B, C, h, w), scaled.</param>
/// <param name="PredictedOriginal">The clean latents it predicts (B, C, h, w), scaled: what a preview shows.</param>
public sealed record DenoisingProgress(DenoisingStep Step, Tensor Latents, Tensor PredictedOriginal);
