using Realign.Diffusion.Attention;
using Realign.Torch;
using static TorchSharp.torch;

namespace Realign.Conformance.Suites.Diffusion;

/// <summary>Computes attention in the open and keeps the probabilities of the wanted sites.</summary>
internal sealed class ProbabilityRecorder(IReadOnlyCollection<string> wanted) : IAttentionProcessor
{
    /// <summary>Site to probabilities (B * H, queries, keys).</summary>
    public Dictionary<string, Tensor> Probabilities { get; } = [];

    public bool Handles(AttentionSite site) => wanted.Contains(site.Name);

    public Tensor Process(AttentionSite site, Tensor query, Tensor key, Tensor value, double scale, CancellationToken cancellation)
    {
        var probabilities = query.flatten(0, 1).bmm(key.flatten(0, 1).transpose(1, 2)).mul(Scalars.Of(scale)).softmax(-1);
        Probabilities[site.Name] = probabilities.clone().DetachFromDisposeScope();
        return probabilities.bmm(value.flatten(0, 1)).view(query.shape);
    }
}
