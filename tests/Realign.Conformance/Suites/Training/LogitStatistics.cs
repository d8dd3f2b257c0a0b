using Realign.Diffusion.Attention;
using Realign.Diffusion.FineStage;
using Realign.Torch;
using static TorchSharp.torch;

namespace Realign.Conformance.Suites.Training;

/// <summary>Computes attention in the open and keeps three numbers of each layer's logits.</summary>
internal sealed class LogitStatistics(IAttentionLogits? inner) : IAttentionProcessor
{
    /// <summary>Layer to largest magnitude, standard deviation, and mean over rows of the sum of squared probabilities.</summary>
    public Dictionary<string, float[]> Of { get; } = [];

    public bool Handles(AttentionSite site) => true;

    public Tensor Process(AttentionSite site, Tensor query, Tensor key, Tensor value, double scale, CancellationToken cancellation)
    {
        var plain = query.mul(Scalars.Of(scale)).flatten(0, 1).bmm(key.flatten(0, 1).transpose(1, 2)).view(query.shape[0], query.shape[1], query.shape[2],
            key.shape[2]);
        var logits = inner?.Handles(site) == true ? inner.Modulate(site, plain, 0) : plain;
        var probabilities = logits.softmax(-1);
        Of[site.Name] = stack([logits.abs().max(), logits.std(), probabilities.square().sum(-1).mean()], 0).ToSingles();
        return probabilities.flatten(0, 1).bmm(value.flatten(0, 1)).view(query.shape);
    }
}
