using static TorchSharp.torch;

namespace Realign.Clip.Vision;

/// <summary>What a vision tower computes for B images. The caller's dispose scope owns the tensors.</summary>
/// <param name="HiddenStates">L + 1 tensors (B, T, W): after the first norm, then the output of each layer.</param>
/// <param name="LastHiddenState">The last of them, (B, T, W), not normalized.</param>
/// <param name="PooledOutput">Final norm of its class token, (B, W), before the projection.</param>
/// <param name="Embeddings">Patches, class token and positions, (B, T, W).</param>
public sealed record CLIPVisionOutput(IReadOnlyList<Tensor> HiddenStates, Tensor LastHiddenState, Tensor PooledOutput, Tensor Embeddings);
