using Realign.Diffusion.Attention;
using Realign.Diffusion.FineStage;
using static TorchSharp.torch;

namespace Realign.Diffusion.Daam;

/// <summary>Computes the recorded layers of one step in the open.</summary>
internal sealed class DaamStep(DaamRecorder recorder, int firstRow, IAttentionLogits? inner) : IAttentionProcessor
{
    private const string MidBlock = "mid_block";

    public bool Handles(AttentionSite site) => Records(site) || inner?.Handles(site) == true;

    public Tensor Process(AttentionSite site, Tensor query, Tensor key, Tensor value, double scale, CancellationToken cancellation)
    {
        if (!Records(site))
            return inner!.Process(site, query, key, value, scale, cancellation);
        using var scope = NewDisposeScope();
        var output = empty_like(query);
        ExplicitAttention.Attend(
            output, query, key, value, scale,
            (logits, first) => inner?.Handles(site) == true ? inner.Modulate(site, logits, first) : logits, cancellation,
            (probabilities, first) => recorder.Add(site, probabilities.narrow(0, firstRow, probabilities.shape[0] - firstRow), first));
        return output.MoveToOuterDisposeScope();
    }

    private static bool Records(AttentionSite site) => site.IsCross && !site.Name.StartsWith(MidBlock, StringComparison.Ordinal);
}
