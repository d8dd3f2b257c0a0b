using static TorchSharp.torch;

namespace Realign.Diffusion.Adapters.Formats;

/// <summary>One way of writing down the change of a weight.</summary>
internal abstract class LayerFormat
{
    /// <summary>Most ranks that are taken: published adapters have up to a few hundred.</summary>
    public const int MaxRank = 4096;

    /// <summary>Every way there is.</summary>
    public static IReadOnlyList<LayerFormat> All { get; } = [new LowRankFormat(), new HadamardFormat(), new KroneckerFormat(), new DifferenceFormat()];

    /// <summary>Parts that only this way has.</summary>
    protected abstract IReadOnlyList<AdapterPart> Parts { get; }

    /// <summary>The ways that a layer's tensors belong to; one in a file that is in order, none where only the bias changes.</summary>
    public static IReadOnlyList<LayerFormat> Of(LayerKeys keys) => [.. All.Where(format => format.Parts.Any(keys.Has))];

    /// <summary>What is missing or does not fit.</summary>
    /// <param name="keys">The layer's tensors.</param>
    /// <param name="layer">What the layer is called in messages.</param>
    /// <param name="weight">Shape of the layer's weight; null when no model is at hand.</param>
    public abstract IEnumerable<string> Problems(LayerKeys keys, string layer, IReadOnlyList<long>? weight);

    /// <summary>What alpha is divided by; null where alpha has no meaning. For any tensors, right or not.</summary>
    public abstract long? Rank(LayerKeys keys);

    /// <summary>The change without alpha, float32, of as many elements as the weight has and in their order. The caller's dispose scope owns it.</summary>
    /// <param name="parts">The layer's tensors, float32.</param>
    public abstract Tensor Change(IReadOnlyDictionary<AdapterPart, Tensor> parts);

    /// <summary>Says which of some parts are missing.</summary>
    protected static IEnumerable<string> Missing(LayerKeys keys, string layer, params IEnumerable<(AdapterPart Part, string Name)> wanted) =>
        wanted.Where(item => !keys.Has(item.Part)).Select(item => $"layer '{layer}' has no {item.Name}");

    /// <summary>The first dimension of a part that is there; null when it has none.</summary>
    protected static long? FirstOf(LayerKeys keys, AdapterPart part) => keys.Shape(part) is [var first, ..] ? first : null;

    /// <summary>What is wrong with a rank; null = nothing.</summary>
    protected static string? RankProblem(LayerKeys keys, AdapterPart part)
    {
        var entry = keys.Entries[part];
        var rank = FirstOf(keys, part) ?? 0;
        return rank is > 0 and <= MaxRank ? null : $"key '{entry.Name}' {Shapes.Text(entry.Shape)} has rank {rank}, 1 to {MaxRank} are taken";
    }

    /// <summary>What is wrong with a shape; null = nothing.</summary>
    protected static string? ShapeProblem(LayerKeys keys, AdapterPart part, string layer, params IReadOnlyList<long> wanted) =>
        Shapes.Fits(keys.Shape(part), wanted) ? null
            : $"key '{keys.Entries[part].Name}' has shape {Shapes.Text(keys.Shape(part))}, '{layer}' needs {Shapes.Text(wanted)}";

    /// <summary>sum over i, j of core[i, j, ...] left[i, p] right[j, q]: [p, q, ...] (Tucker).</summary>
    protected static Tensor Tucker(Tensor core, Tensor left, Tensor right)
    {
        using var scope = NewDisposeScope();
        var (rank, other) = (core.shape[0], core.shape[1]);
        var half = left.t().mm(core.reshape(rank, -1)).reshape(left.shape[1], other, -1);
        var whole = half.permute(0, 2, 1).reshape(-1, other).mm(right).reshape(left.shape[1], -1, right.shape[1]);
        return whole.permute(0, 2, 1).reshape([left.shape[1], right.shape[1], .. core.shape[2..]]).MoveToOuterDisposeScope();
    }
}
