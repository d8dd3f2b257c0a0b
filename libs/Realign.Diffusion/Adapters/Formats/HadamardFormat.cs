using static TorchSharp.torch;

namespace Realign.Diffusion.Adapters.Formats;

/// <summary>LoHa (LyCORIS, Hyeon-Woo et al. 2021): (w1_a w1_b) * (w2_a w2_b), element by element; with cores t1, t2 each product is a Tucker product.</summary>
internal sealed class HadamardFormat : LayerFormat
{
    private static readonly (AdapterPart Part, string Name)[] Factors =
    [
        (AdapterPart.Hada1A, "hada_w1_a"), (AdapterPart.Hada1B, "hada_w1_b"), (AdapterPart.Hada2A, "hada_w2_a"), (AdapterPart.Hada2B, "hada_w2_b"),
    ];

    private static readonly (AdapterPart Part, string Name)[] Cores = [(AdapterPart.HadaCore1, "hada_t1"), (AdapterPart.HadaCore2, "hada_t2")];

    protected override IReadOnlyList<AdapterPart> Parts { get; } = [.. Factors.Concat(Cores).Select(item => item.Part)];

    public override IEnumerable<string> Problems(LayerKeys keys, string layer, IReadOnlyList<long>? weight)
    {
        var hasCores = Cores.Any(core => keys.Has(core.Part));
        var missing = Missing(keys, layer, [.. Factors, .. hasCores ? Cores : []]).ToList();
        if (missing.Count > 0 || weight is null)
            return missing;
        if (weight.Count < 2)
            return [$"layer '{layer}' is a norm: it has no low-rank change"];
        if (hasCores && weight.Count != 4)
            return [$"key '{keys.Entries[AdapterPart.HadaCore1].Name}': '{layer}' is no convolution"];
        return Half(keys, layer, weight, hasCores, AdapterPart.Hada1A, AdapterPart.Hada1B, AdapterPart.HadaCore1)
            .Concat(Half(keys, layer, weight, hasCores, AdapterPart.Hada2A, AdapterPart.Hada2B, AdapterPart.HadaCore2));
    }

    public override long? Rank(LayerKeys keys) => keys.Shape(AdapterPart.Hada1B)[0];

    public override Tensor Change(IReadOnlyDictionary<AdapterPart, Tensor> parts)
    {
        using var scope = NewDisposeScope();
        var first = Product(parts, AdapterPart.Hada1A, AdapterPart.Hada1B, AdapterPart.HadaCore1);
        return first.mul_(Product(parts, AdapterPart.Hada2A, AdapterPart.Hada2B, AdapterPart.HadaCore2)).MoveToOuterDisposeScope();
    }

    private static IEnumerable<string> Half(
        LayerKeys keys, string layer, IReadOnlyList<long> weight, bool hasCores, AdapterPart left, AdapterPart right, AdapterPart core)
    {
        if (RankProblem(keys, right) is { } problem)
            return [problem];
        var rank = keys.Shape(right)[0];
        return hasCores
            ? new[]
            {
                ShapeProblem(keys, left, layer, rank, weight[0]), ShapeProblem(keys, right, layer, rank, weight[1]),
                ShapeProblem(keys, core, layer, rank, rank, weight[2], weight[3]),
            }.OfType<string>()
            : new[]
            {
                ShapeProblem(keys, left, layer, weight[0], rank), ShapeProblem(keys, right, layer, rank, weight.Skip(1).Aggregate((a, b) => a * b)),
            }.OfType<string>();
    }

    private static Tensor Product(IReadOnlyDictionary<AdapterPart, Tensor> parts, AdapterPart left, AdapterPart right, AdapterPart core) =>
        parts.TryGetValue(core, out var center)
            ? Tucker(center, parts[left].flatten(1), parts[right].flatten(1))
            : parts[left].flatten(1).mm(parts[right].flatten(1));
}
