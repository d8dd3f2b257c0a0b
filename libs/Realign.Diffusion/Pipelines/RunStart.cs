using static TorchSharp.torch;

namespace Realign.Diffusion.Pipelines;

/// <summary>What a run starts from. The caller's dispose scope owns the tensors.</summary>
/// <param name="Latents">Noise, or a picture with noise on it (B, C, h, w).</param>
/// <param name="Masked">The picture of which a part is kept; null where all is drawn, or where the denoiser is told of it.</param>
/// <param name="Channels">What an inpainting denoiser sees beside the latents: mask and masked picture (B, 1 + C, h, w); null for all others.</param>
internal sealed record RunStart(Tensor Latents, MaskedLatents? Masked, Tensor? Channels)
{
    /// <summary>What the denoiser sees.</summary>
    /// <param name="scaled">Latents as the scheduler scales them.</param>
    public Tensor Input(Tensor scaled) => Channels is null ? scaled : cat([scaled, Channels], 1);
}
