using static TorchSharp.torch;

namespace Realign.Diffusion.Attention;

/// <summary>
/// Takes the place of the attention kernel at the sites it handles: for maps of the attention probabilities and for changing them.
/// </summary>
public interface IAttentionProcessor
{
    /// <summary>Whether <see cref="Process"/> computes this site; otherwise the fused kernel does.</summary>
    bool Handles(AttentionSite site);

    /// <summary>Computes attention at one site. Runs inside the dispose scope of the calling block.</summary>
    /// <param name="site">Where.</param>
    /// <param name="query">(B, H, Height * Width, D)</param>
    /// <param name="key">(B, H, T, D)</param>
    /// <param name="value">(B, H, T, D)</param>
    /// <param name="scale">Factor on the logits, 1/sqrt(D).</param>
    /// <param name="cancellation">Looked at before each slice of work.</param>
    /// <returns>(B, H, Height * Width, D)</returns>
    Tensor Process(AttentionSite site, Tensor query, Tensor key, Tensor value, double scale, CancellationToken cancellation);
}
