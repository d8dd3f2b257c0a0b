using static TorchSharp.torch;

namespace Realign.Diffusion.FineStage;

/// <summary>What becomes of the logits of some rows: (1, 1, rows, keys) each.</summary>
/// <param name="Keep">Factor on the logit itself, 1 - Up - Down.</param>
/// <param name="Up">Share of the row's maximum.</param>
/// <param name="Down">Share of the row's minimum.</param>
internal sealed record RowGains(Tensor Keep, Tensor Up, Tensor Down)
{
    public IReadOnlyList<Tensor> All => [Keep, Up, Down];

    public RowGains Rows(long first, long count) => new(Keep.narrow(2, first, count), Up.narrow(2, first, count), Down.narrow(2, first, count));
}
