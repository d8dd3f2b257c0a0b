using System.Globalization;
using Realign.Core.Errors;
using Realign.Diffusion.Adapters.Formats;
using Realign.Safetensors;
using Realign.Torch;
using Realign.Torch.Layers;
using static TorchSharp.torch;

namespace Realign.Diffusion.Adapters;

/// <summary>What a file does to one layer: a branch beside it where it is a plain low-rank pair, else a change of its weight, its bias or both.</summary>
internal sealed class AdaptedLayer : IDisposable
{
    private readonly Dictionary<AdapterPart, Tensor> _parts;
    private readonly LayerFormat? _format;
    private readonly bool? _normsAreOfRows;
    private readonly double _scale;

    private AdaptedLayer(
        AdapterTarget target, LoraAdapter? branch, LayerFormat? format, Dictionary<AdapterPart, Tensor> parts, double scale, bool? normsAreOfRows)
    {
        (Target, Branch, _format, _parts, _scale, _normsAreOfRows) = (target, branch, format, parts, scale, normsAreOfRows);
    }

    /// <summary>The layer.</summary>
    public AdapterTarget Target { get; }

    /// <summary>The pair of a plain low-rank change, at strength 1.</summary>
    public LoraAdapter? Branch { get; }

    /// <summary>Whether weight or bias change, for which a copy of them is needed.</summary>
    public bool NeedsCopy => _format is not null || _parts.ContainsKey(AdapterPart.BiasDifference);

    /// <summary>Memory of the tensors.</summary>
    public long Bytes => _parts.Values.Concat(Branch is null ? [] : [Branch.Down, Branch.Up]).Sum(tensor => tensor.numel() * tensor.element_size());

    public static AdaptedLayer Read(SafetensorsFile file, AdapterTarget target, LayerKeys keys, AlphaMetadata metadata, TorchPlacement placement)
    {
        using var scope = NewDisposeScope();
        var format = LayerFormat.Of(keys) is [var only] ? only : null;
        var scale = Scale(file, target, keys, metadata);
        bool? normsAreOfRows = keys.Has(AdapterPart.Magnitude) ? Magnitude.IsOfRows(keys, target.Weight) : null;
        // stored as in the file: they are small, and made wide when they are used
        var parts = keys.Entries.Where(item => item.Key != AdapterPart.Alpha)
            .ToDictionary(item => item.Key, item => TensorConvert.Read(file, item.Value.Name).to(placement.Device));
        LoraAdapter? branch = null;
        if (format is LowRankFormat && normsAreOfRows is null)
        {
            branch = Pair(file, keys, target, parts, scale, placement);
            parts = parts.Where(item => item.Key == AdapterPart.BiasDifference).ToDictionary();
            format = null;
        }

        foreach (var part in parts.Values)
            _ = part.DetachFromDisposeScope();
        return new AdaptedLayer(target, branch, format, parts, scale, normsAreOfRows);
    }

    /// <summary>alpha / rank; without any alpha, alpha = rank. It has no meaning for whole differences.</summary>
    /// <exception cref="ModelLoadException">Alpha is negative.</exception>
    public static double Scale(SafetensorsFile file, AdapterTarget target, LayerKeys keys, AlphaMetadata metadata)
    {
        if (LayerFormat.Of(keys) is not [var format] || format is DifferenceFormat)
            return 1;
        var rank = format.Rank(keys);
        if (!keys.TryGet(AdapterPart.Alpha, out var entry))
            return metadata.Factor(target.Path, rank) ?? 1;
        var alpha = entry.DType is SafetensorsDType.I64 or SafetensorsDType.I32 ? file.ReadInt64s(entry.Name)[0] : file.ReadSingles(entry.Name)[0];
        return alpha >= 0
            ? rank is { } divisor ? alpha / (double)divisor : 1
            : throw new ModelLoadException(
                file.Path, $"key '{entry.Name}' is {alpha.ToString(CultureInfo.InvariantCulture)}", "save the adapter again, with an alpha of 0 or more");
    }

    /// <summary>The change of the weight at strength 1 and what it is to be multiplied by; null where it does not change.</summary>
    /// <param name="weight">The layer's own, float32.</param>
    /// <returns>Float32, of the weight's shape; the caller's dispose scope owns it.</returns>
    public (Tensor Change, double Scale)? WeightChange(Tensor weight)
    {
        if (_format is null)
            return null;
        using var scope = NewDisposeScope();
        var wide = _parts.ToDictionary(item => item.Key, item => item.Value.to(ScalarType.Float32));
        var change = _format.Change(wide).reshape(weight.shape);
        return _normsAreOfRows is { } rows
            ? (Magnitude.Apply(weight, change, _scale, wide[AdapterPart.Magnitude], rows).MoveToOuterDisposeScope(), 1)
            : (change.MoveToOuterDisposeScope(), _scale);
    }

    /// <summary>The change of the bias at strength 1; null where it does not change. Owned here.</summary>
    public Tensor? BiasChange => _parts.GetValueOrDefault(AdapterPart.BiasDifference);

    public void Dispose()
    {
        Branch?.Down.Dispose();
        Branch?.Up.Dispose();
        foreach (var part in _parts.Values)
            part.Dispose();
    }

    private static LoraAdapter Pair(
        SafetensorsFile file, LayerKeys keys, AdapterTarget target, Dictionary<AdapterPart, Tensor> parts, double scale, TorchPlacement placement)
    {
        foreach (var part in new[] { AdapterPart.Down, AdapterPart.Up, AdapterPart.Mid }.Where(keys.Has))
            parts[part] = Fitted(file, keys, part, parts[part], placement);
        var (down, up) = (LowRankFormat.Down(parts), parts[AdapterPart.Up]);
        var rank = down.shape[0];
        var isConv = target.Weight.Length == 4;
        down = down.reshape(isConv ? [rank, .. target.Weight[1..]] : [rank, target.Weight[1]]);
        up = up.reshape(isConv ? [target.Weight[0], rank, 1, 1] : [target.Weight[0], rank]);
        return new LoraAdapter(down.DetachFromDisposeScope(), up.DetachFromDisposeScope(), scale);
    }

    private static Tensor Fitted(SafetensorsFile file, LayerKeys keys, AdapterPart part, Tensor tensor, TorchPlacement placement)
    {
        var fitted = tensor.to(placement.DType);
        return fitted.isfinite().all().item<bool>()
            ? fitted
            : throw new ModelLoadException(file.Path, $"key '{keys.Entries[part].Name}' holds numbers that {placement.DType} has not",
                "run the service with Generator:DType float32 or bfloat16");
    }
}
