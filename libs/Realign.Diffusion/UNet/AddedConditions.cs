using static TorchSharp.torch;

namespace Realign.Diffusion.UNet;

/// <summary>The extra conditions of Stable Diffusion XL.</summary>
/// <param name="TextEmbeds">Pooled text embeddings (B, P).</param>
/// <param name="TimeIds">
/// Original height and width, crop top and left, target height and width, in pixels: (B, 6). Of the refiner a score in place of the target: (B, 5).
/// </param>
public sealed record AddedConditions(Tensor TextEmbeds, Tensor TimeIds);
