using Realign.Diffusion.Attention;
using static TorchSharp.torch;

namespace Realign.Diffusion.UNet;

/// <summary>What every block of one forward pass needs.</summary>
/// <param name="Text">Text states (B, T, D), and what layers make of them in every step.</param>
/// <param name="ActivatedTime">SiLU of the time embedding, computed once for all residual blocks (B, E).</param>
/// <param name="Processor">Takes over attention at the sites it handles.</param>
/// <param name="Observer">Sees the output of each module under its path.</param>
/// <param name="Cancellation">Looked at after each module, and inside attention.</param>
internal sealed record UNetPass(
    TextKeys Text, Tensor ActivatedTime, IAttentionProcessor? Processor, Action<string, Tensor>? Observer, CancellationToken Cancellation)
{
    /// <summary>Shows a module's output to the observer and hands it on, unless the run was cancelled.</summary>
    /// <exception cref="OperationCanceledException">The token was set.</exception>
    public Tensor Show(string module, Tensor output)
    {
        Cancellation.ThrowIfCancellationRequested();
        Observer?.Invoke(module, output);
        return output;
    }
}
