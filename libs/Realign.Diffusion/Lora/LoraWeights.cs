using Realign.Core.Errors;
using Realign.Safetensors;
using Realign.Torch;
using Realign.Torch.Layers;
using static TorchSharp.torch;

namespace Realign.Diffusion.Lora;

/// <summary>
/// An adapter file (Hu et al. 2021) for a loaded model, in any of the spellings in circulation: peft, diffusers, diffusers attention
/// processors, kohya. Attached for the length of a request; base weights are never touched.
/// </summary>
/// <remarks>Use on the thread of the model. Several files can be attached at once.</remarks>
public sealed class LoraWeights : IDisposable
{
    private static readonly (string Suffix, LoraPart Part)[] Suffixes =
    [
        (".lora_A.weight", LoraPart.Down), (".lora_B.weight", LoraPart.Up),
        (".lora.down.weight", LoraPart.Down), (".lora.up.weight", LoraPart.Up),
        (".lora_down.weight", LoraPart.Down), (".lora_up.weight", LoraPart.Up),
        (".lora_linear_layer.down.weight", LoraPart.Down), (".lora_linear_layer.up.weight", LoraPart.Up),
        (".down.weight", LoraPart.Down), (".up.weight", LoraPart.Up),
        (".alpha", LoraPart.Alpha),
    ];

    private readonly List<(LoraTarget Target, LoraAdapter Unit)> _adapters;

    private LoraWeights(string path, List<(LoraTarget Target, LoraAdapter Unit)> adapters)
    {
        Path = path;
        _adapters = adapters;
    }

    private enum LoraPart
    {
        Down,
        Up,
        Alpha,
    }

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>Component and path of every layer the file adapts.</summary>
    public IEnumerable<string> Modules => _adapters.Select(adapter => adapter.Target.Path);

    /// <summary>Component and path of every adapted layer with its pair at strength 1, for training and merging. Owned here.</summary>
    public IReadOnlyList<(string Module, LoraAdapter Adapter)> Pairs => [.. _adapters.Select(adapter => (adapter.Target.Path, adapter.Unit))];

    /// <summary>Opens a file for a model.</summary>
    /// <param name="path">A safetensors file.</param>
    /// <param name="components">Component name (<c>unet</c>, <c>text_encoder</c>, <c>text_encoder_2</c>) to loaded model.</param>
    /// <param name="placement">Device and type of those models.</param>
    /// <exception cref="ModelLoadException">The file is no adapter, or one for another architecture; lists every key that does not fit.</exception>
    public static LoraWeights Load(string path, IReadOnlyDictionary<string, nn.Module> components, TorchPlacement placement)
    {
        using var file = SafetensorsFile.Open(path);
        return Load(file, components, placement);
    }

    /// <summary>Loads an opened file for a model; nothing of the file is needed afterwards.</summary>
    /// <param name="file">Opened here and closed by the caller.</param>
    /// <param name="components">Component name (<c>unet</c>, <c>text_encoder</c>, <c>text_encoder_2</c>) to loaded model.</param>
    /// <param name="placement">Device and type of those models.</param>
    /// <exception cref="ModelLoadException">As the other overload.</exception>
    public static LoraWeights Load(SafetensorsFile file, IReadOnlyDictionary<string, nn.Module> components, TorchPlacement placement)
    {
        ArgumentNullException.ThrowIfNull(file);
        ArgumentNullException.ThrowIfNull(placement);
        var problems = new List<string>();
        var groups = Plan(file, components, problems);
        if (problems.Count > 0)
            throw new ModelLoadException(file.Path, problems, "use an adapter that was trained on this model's architecture");
        problems.AddRange(file.Entries.Keys.Select(file.FindNonFinite).OfType<string>());
        if (problems.Count > 0)
            throw new ModelLoadException(file.Path, problems, SafetensorsFile.NonFiniteWayOut);
        var metadata = LoraMetadata.Read(file);
        var adapters = new List<(LoraTarget, LoraAdapter)>();
        var weights = new LoraWeights(file.Path, adapters);
        try
        {
            foreach (var (target, keys) in groups)
                adapters.Add((target, Read(file, target, keys, metadata, placement)));
            file.RequireUnchanged();
            return weights;
        }
        catch
        {
            weights.Dispose();
            throw;
        }
    }

    /// <summary>Every key of a file that does not fit a model; empty = it fits. Reads alphas but no weights, and the model needs none.</summary>
    /// <param name="path">A safetensors file.</param>
    /// <param name="components">Component name (<c>unet</c>, <c>text_encoder</c>, <c>text_encoder_2</c>) to model.</param>
    /// <exception cref="ModelLoadException">The file, or what it says about alphas, cannot be read.</exception>
    public static IReadOnlyList<string> Check(string path, IReadOnlyDictionary<string, nn.Module> components)
    {
        using var file = SafetensorsFile.Open(path);
        var problems = new List<string>();
        var groups = Plan(file, components, problems);
        if (problems.Count > 0)
            return problems;
        var metadata = LoraMetadata.Read(file);
        foreach (var (target, keys) in groups)
            _ = Factor(file, target, keys, metadata);
        return problems;
    }

    /// <summary>Puts the adapters to use until the result is disposed.</summary>
    /// <param name="strength">Factor on all of them, in UNet and text encoders alike; 1 = as trained.</param>
    public IDisposable Attach(double strength)
    {
        if (!double.IsFinite(strength))
            throw new InvalidInputException("lora.strength", strength.ToString(System.Globalization.CultureInfo.InvariantCulture), "is not a number",
                "use 0 to 1 (up to 2 at most)");
        var attached = _adapters.Select(adapter => (adapter.Target.Slot, Adapter: adapter.Unit.WithStrength(strength))).ToList();
        foreach (var (slot, adapter) in attached)
            slot.Attach(adapter);
        return new Attachment(attached);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var (_, unit) in _adapters)
        {
            unit.Down.Dispose();
            unit.Up.Dispose();
        }
    }

    private static Dictionary<LoraTarget, Dictionary<LoraPart, string>> Plan(
        SafetensorsFile file, IReadOnlyDictionary<string, nn.Module> components, List<string> problems)
    {
        var groups = Group(file, new LoraTargets(components), problems);
        if (groups.Count == 0 && problems.Count == 0)
            problems.Add("the file has no adapter keys");
        foreach (var (target, keys) in groups)
            CheckShapes(file, target, keys, problems);
        return groups;
    }

    private static Dictionary<LoraTarget, Dictionary<LoraPart, string>> Group(SafetensorsFile file, LoraTargets targets, List<string> problems)
    {
        var groups = new Dictionary<LoraTarget, Dictionary<LoraPart, string>>();
        foreach (var key in file.Entries.Keys)
        {
            var (suffix, part) = Suffixes.FirstOrDefault(item => key.EndsWith(item.Suffix, StringComparison.Ordinal));
            if (suffix is null)
                problems.Add($"key '{key}' is no adapter key that is known");
            else if (file.Entries[key].DType is not (SafetensorsDType.F32 or SafetensorsDType.F16 or SafetensorsDType.BF16 or SafetensorsDType.F64))
                problems.Add($"key '{key}' is {file.Entries[key].DType.HeaderName()}, adapters are F32, F16, BF16 or F64");
            else if (targets.Find(key[..^suffix.Length]) is not { } target)
                problems.Add($"key '{key}': the model has no such layer");
            else if (!(groups.TryGetValue(target, out var parts) ? parts : groups[target] = []).TryAdd(part, key))
                problems.Add($"keys '{groups[target][part]}' and '{key}' are the same part of '{target.Path}'");
        }

        return groups;
    }

    private static void CheckShapes(SafetensorsFile file, LoraTarget target, Dictionary<LoraPart, string> keys, List<string> problems)
    {
        if (!keys.TryGetValue(LoraPart.Down, out var downKey) || !keys.TryGetValue(LoraPart.Up, out var upKey))
        {
            problems.Add($"layer '{target.Path}' has only one half of its pair");
            return;
        }

        var (down, up) = (file.Entries[downKey].Shape, file.Entries[upKey].Shape);
        var rank = down.Count > 0 ? down[0] : 0;
        long[] wantedDown = [rank, .. target.Weight[1..]];
        long[] wantedUp = [target.Weight[0], rank];
        if (rank == 0 || !Fits(down, wantedDown))
            problems.Add($"key '{downKey}' has shape [{string.Join(", ", down)}], '{target.Path}' needs [rank, {string.Join(", ", target.Weight[1..])}]");
        else if (!Fits(up, wantedUp))
            problems.Add($"key '{upKey}' has shape [{string.Join(", ", up)}], '{target.Path}' needs [{wantedUp[0]}, {rank}]");
        if (keys.TryGetValue(LoraPart.Alpha, out var alphaKey) && file.Entries[alphaKey].Count != 1)
            problems.Add($"key '{alphaKey}' holds {file.Entries[alphaKey].Count} numbers, not one");
    }

    // linear layers and 1x1 convolutions are the same map: files spell either with either
    private static bool Fits(IReadOnlyList<long> found, long[] wanted) => WithoutUnitTail(found).SequenceEqual(WithoutUnitTail(wanted));

    private static IEnumerable<long> WithoutUnitTail(IReadOnlyList<long> shape) =>
        shape.Count == 4 && shape[2] == 1 && shape[3] == 1 ? shape.Take(2) : shape;

    private static LoraAdapter Read(
        SafetensorsFile file, LoraTarget target, Dictionary<LoraPart, string> keys, LoraMetadata metadata, TorchPlacement placement)
    {
        using var scope = NewDisposeScope();
        var down = ReadPart(file, keys[LoraPart.Down], placement);
        var up = ReadPart(file, keys[LoraPart.Up], placement);
        var rank = down.shape[0];
        var factor = Factor(file, target, keys, metadata);
        var isConv = target.Weight.Length == 4;
        down = down.reshape(isConv ? [rank, .. target.Weight[1..]] : [rank, target.Weight[1]]);
        up = up.reshape(isConv ? [target.Weight[0], rank, 1, 1] : [target.Weight[0], rank]);
        return new LoraAdapter(down.DetachFromDisposeScope(), up.DetachFromDisposeScope(), factor);
    }

    private static Tensor ReadPart(SafetensorsFile file, string key, TorchPlacement placement)
    {
        var part = TensorConvert.Read(file, key).to(placement.DType, placement.Device);
        return part.isfinite().all().item<bool>()
            ? part
            : throw new ModelLoadException(file.Path, $"key '{key}' holds numbers that {placement.DType} has not",
                "run the service with Generator:DType float32 or bfloat16");
    }

    // without any alpha, alpha = rank
    private static double Factor(SafetensorsFile file, LoraTarget target, Dictionary<LoraPart, string> keys, LoraMetadata metadata)
    {
        var rank = file.Entries[keys[LoraPart.Down]].Shape[0];
        return keys.TryGetValue(LoraPart.Alpha, out var alpha) ? file.ReadSingles(alpha)[0] / (double)rank : metadata.Factor(target.Path, rank) ?? 1;
    }

    private sealed class Attachment(List<(AdapterSlot Slot, LoraAdapter Adapter)> attached) : IDisposable
    {
        public void Dispose()
        {
            foreach (var (slot, adapter) in attached)
                _ = slot.Detach(adapter);
            attached.Clear();
        }
    }
}
