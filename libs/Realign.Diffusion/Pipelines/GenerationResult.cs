using static TorchSharp.torch;

namespace Realign.Diffusion.Pipelines;

/// <summary>What a run made. The caller's dispose scope owns the tensors.</summary>
/// <param name="Images">(B, 3, H, W) float32 around [-1, 1], not clamped, on the CPU.</param>
/// <param name="Latents">Last latents (B, C, h, w), scaled.</param>
/// <param name="Prompts">What was encoded, one per image.</param>
public sealed record GenerationResult(Tensor Images, Tensor Latents, IReadOnlyList<EncodedPrompt> Prompts);
