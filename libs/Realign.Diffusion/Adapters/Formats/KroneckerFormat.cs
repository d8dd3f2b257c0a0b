using static TorchSharp.torch;

namespace Realign.Diffusion.Adapters.Formats;

/// <summary>
/// LoKr (LyCORIS, Yeh et al. 2023): kron(w1, w2) with w1 [a, c] and w2 [b, d, kh, kw], a b = out, c d = in. Each factor is whole or the product of
/// two; w2 of a convolution may have a core t2 (Tucker). Alpha counts only where a factor is a product.
/// </summary>
internal sealed class KroneckerFormat : LayerFormat
{
    private static readonly AdapterPart[] FirstProduct = [AdapterPart.Kron1A, AdapterPart.Kron1B];
    private static readonly AdapterPart[] SecondProduct = [AdapterPart.Kron2A, AdapterPart.Kron2B, AdapterPart.KronCore2];

    protected override IReadOnlyList<AdapterPart> Parts { get; } = [AdapterPart.Kron1, AdapterPart.Kron2, .. FirstProduct, .. SecondProduct];

    public override IEnumerable<string> Problems(LayerKeys keys, string layer, IReadOnlyList<long>? weight)
    {
        var missing = Factor(keys, layer, AdapterPart.Kron1, FirstProduct, "lokr_w1").Concat(Factor(keys, layer, AdapterPart.Kron2, SecondProduct, "lokr_w2"))
            .ToList();
        if (missing.Count > 0 || weight is null)
            return missing;
        if (weight.Count < 2)
            return [$"layer '{layer}' is a norm: it has no low-rank change"];
        var problems = Misfits(keys, layer, weight).OfType<string>().ToList();
        if (problems.Count > 0)
            return problems;
        var (first, second) = (First(keys), Second(keys));
        return first.Rows * second.Rows == weight[0] && first.Columns * second.Columns == weight.Skip(1).Aggregate((a, b) => a * b)
            ? []
            : [$"layer '{layer}': the factors {first.Rows}x{first.Columns} and {second.Rows}x{second.Columns} do not multiply to its weight "
                + Shapes.Text(weight)];
    }

    // as in LyCORIS, the second factor's counts
    public override long? Rank(LayerKeys keys) => keys.Has(AdapterPart.Kron2B) ? FirstOf(keys, AdapterPart.Kron2B)
        : keys.Has(AdapterPart.Kron1B) ? FirstOf(keys, AdapterPart.Kron1B) : null;

    public override Tensor Change(IReadOnlyDictionary<AdapterPart, Tensor> parts)
    {
        using var scope = NewDisposeScope();
        var first = parts.TryGetValue(AdapterPart.Kron1, out var whole) ? whole.flatten(1)
            : parts[AdapterPart.Kron1A].flatten(1).mm(parts[AdapterPart.Kron1B].flatten(1));
        // a row of the second factor holds its inputs with their kernels: the product's rows do too
        return first.contiguous().kron(Second(parts).flatten(1).contiguous()).MoveToOuterDisposeScope();
    }

    /// <summary>How many inputs the layer of a whole change has; null when the tensors are not in order.</summary>
    public static long? InputsOf(LayerKeys keys) =>
        keys.Entries.All(item => item.Key == AdapterPart.Alpha || item.Value.Shape.Count > 1)
        && (keys.Has(AdapterPart.Kron1) || keys.Has(AdapterPart.Kron1B)) && (keys.Has(AdapterPart.Kron2) || keys.Has(AdapterPart.Kron2B))
            ? keys.Shape(keys.Has(AdapterPart.Kron1) ? AdapterPart.Kron1 : AdapterPart.Kron1B)[1]
                * keys.Shape(keys.Has(AdapterPart.Kron2) ? AdapterPart.Kron2 : AdapterPart.Kron2B)[1]
            : null;

    private static Tensor Second(IReadOnlyDictionary<AdapterPart, Tensor> parts)
    {
        if (parts.TryGetValue(AdapterPart.Kron2, out var whole))
            return whole.alias();
        var (left, right) = (parts[AdapterPart.Kron2A].flatten(1), parts[AdapterPart.Kron2B].flatten(1));
        return parts.TryGetValue(AdapterPart.KronCore2, out var core) ? Tucker(core, left, right) : left.mm(right);
    }

    private static IEnumerable<string> Factor(LayerKeys keys, string layer, AdapterPart whole, AdapterPart[] product, string name)
    {
        var hasProduct = product.Any(keys.Has);
        if (keys.Has(whole) && hasProduct)
            return [$"layer '{layer}' has {name} both whole and as a product"];
        return keys.Has(whole) || (keys.Has(product[0]) && keys.Has(product[1])) ? []
            : [$"layer '{layer}' has neither {name} nor both of {name}_a and {name}_b"];
    }

    private static IEnumerable<string?> Misfits(LayerKeys keys, string layer, IReadOnlyList<long> weight)
    {
        foreach (var part in FirstProduct.Concat(SecondProduct).Append(AdapterPart.Kron1).Where(keys.Has))
        {
            if (part is not (AdapterPart.KronCore2 or AdapterPart.Kron2) && !Shapes.IsMatrix(keys.Shape(part)))
                return [$"key '{keys.Entries[part].Name}' has shape {Shapes.Text(keys.Shape(part))}, a matrix is needed"];
        }

        var core = keys.Has(AdapterPart.KronCore2);
        if (core && weight.Count != 4)
            return [$"key '{keys.Entries[AdapterPart.KronCore2].Name}': '{layer}' is no convolution"];
        return
        [
            keys.Has(AdapterPart.Kron1A) ? RankProblem(keys, AdapterPart.Kron1B) ?? Pair(keys, AdapterPart.Kron1A, AdapterPart.Kron1B, 1) : null,
            keys.Has(AdapterPart.Kron2A) ? RankProblem(keys, AdapterPart.Kron2B) ?? Pair(keys, AdapterPart.Kron2A, AdapterPart.Kron2B, core ? 0 : 1) : null,
            core ? ShapeProblem(keys, AdapterPart.KronCore2, layer, keys.Shape(AdapterPart.Kron2B)[0], keys.Shape(AdapterPart.Kron2B)[0], weight[2], weight[3])
                : null,
            keys.TryGet(AdapterPart.Kron2, out var second) ? Kernel(second.Name, second.Shape, layer, weight) : null,
        ];
    }

    private static string? Pair(LayerKeys keys, AdapterPart left, AdapterPart right, int side) => keys.Shape(left)[side] == keys.Shape(right)[0] ? null
        : $"keys '{keys.Entries[left].Name}' {Shapes.Text(keys.Shape(left))} and '{keys.Entries[right].Name}' {Shapes.Text(keys.Shape(right))} "
            + "have no common rank";

    private static string? Kernel(string key, IReadOnlyList<long> shape, string layer, IReadOnlyList<long> weight) =>
        Shapes.IsMatrix(shape) || (shape.Count == 4 && weight.Count == 4 && shape[2] == weight[2] && shape[3] == weight[3]) ? null
            : $"key '{key}' has shape {Shapes.Text(shape)}, '{layer}' has a weight {Shapes.Text(weight)}";

    private static (long Rows, long Columns) First(LayerKeys keys) => keys.Has(AdapterPart.Kron1)
        ? (keys.Shape(AdapterPart.Kron1)[0], keys.Shape(AdapterPart.Kron1)[1])
        : (keys.Shape(AdapterPart.Kron1A)[0], keys.Shape(AdapterPart.Kron1B)[1]);

    private static (long Rows, long Columns) Second(LayerKeys keys)
    {
        if (keys.TryGet(AdapterPart.Kron2, out var whole))
            return (whole.Shape[0], whole.Count / Math.Max(1, whole.Shape[0]));
        var (left, right) = (keys.Shape(AdapterPart.Kron2A), keys.Shape(AdapterPart.Kron2B));
        return keys.TryGet(AdapterPart.KronCore2, out var core) ? (left[1], right[1] * core.Shape[2] * core.Shape[3]) : (left[0], right[1]);
    }
}
