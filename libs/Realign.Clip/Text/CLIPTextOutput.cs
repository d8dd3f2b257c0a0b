using static TorchSharp.torch;

namespace Realign.Clip.Text;

/// <summary>What a text tower computes for (B, T) ids. The caller's dispose scope owns the tensors.</summary>
/// <param name="HiddenStates">L + 1 tensors (B, T, W): the embeddings, then the output of each layer, before the final norm.</param>
/// <param name="LastHiddenState">Final norm of the last hidden state, (B, T, W).</param>
/// <param name="PooledOutput">Its row at the end-of-text position, (B, W).</param>
public sealed record CLIPTextOutput(IReadOnlyList<Tensor> HiddenStates, Tensor LastHiddenState, Tensor PooledOutput);
