using static TorchSharp.torch;

namespace Realign.Diffusion.Adapters.Formats;

/// <summary>The change itself, of any layer, norms included; alpha has no meaning (LyCORIS full and norms, ComfyUI).</summary>
internal sealed class DifferenceFormat : LayerFormat
{
    protected override IReadOnlyList<AdapterPart> Parts => [AdapterPart.WeightDifference];

    public override IEnumerable<string> Problems(LayerKeys keys, string layer, IReadOnlyList<long>? weight) =>
        weight is not null && ShapeProblem(keys, AdapterPart.WeightDifference, layer, [.. weight]) is { } problem ? [problem] : [];

    public override long? Rank(LayerKeys keys) => null;

    public override Tensor Change(IReadOnlyDictionary<AdapterPart, Tensor> parts) => parts[AdapterPart.WeightDifference].alias();
}
