using Realign.Diffusion.Attention;
using static TorchSharp.torch;

namespace Realign.Diffusion.FineStage;

/// <summary>Changes attention before the softmax: what a recorder of probabilities must apply to see what the model sees.</summary>
public interface IAttentionLogits : IAttentionProcessor
{
    /// <summary>Changes the logits of whole rows; the caller's dispose scope owns the result.</summary>
    /// <param name="site">Where.</param>
    /// <param name="logits">(B, H, queries, T), scaled, of the whole batch.</param>
    /// <param name="firstQuery">The pixel that the first of these queries is.</param>
    Tensor Modulate(AttentionSite site, Tensor logits, long firstQuery);
}
