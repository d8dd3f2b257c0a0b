using Realign.Core.Errors;
using Realign.Core.Text;
using Realign.Safetensors;
using Realign.Torch.Layers;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Realign.Torch.Weights;

/// <summary>
/// Puts the tensors of a file into a module tree that was built without storage. Every missing, unexpected and mis-shaped key
/// is found before the first byte of weights is read, and reported in one exception.
/// </summary>
public static class StateDict
{
    /// <summary>Way out of weights whose keys or shapes do not fit.</summary>
    public const string WayOut = "check that config.json and the weights belong to the same revision of the model";

    // a file of another model has thousands, and none of them is a slip
    private const int MaxSuggestions = 32;

    /// <summary>Keys and shapes of a module tree; needs no storage.</summary>
    public static IReadOnlyDictionary<string, long[]> Shapes(nn.Module module) =>
        Slots(module).ToDictionary(slot => slot.Key, slot => slot.Parameter.shape, StringComparer.Ordinal);

    /// <summary>Every missing, unexpected and mis-shaped key; empty = the file fits.</summary>
    public static IReadOnlyList<string> Check(nn.Module module, IReadOnlyDictionary<string, SafetensorsEntry> entries, KeyRules? rules = null)
    {
        rules ??= new KeyRules();
        return Plan(Slots(module), entries, rules).Problems;
    }

    /// <summary>Reads the numbers that <see cref="Load"/> would use and lists the keys with NaN or infinity; empty = all are finite.</summary>
    /// <exception cref="ModelLoadException">A file was changed meanwhile.</exception>
    public static IReadOnlyList<string> CheckNumbers(nn.Module module, SafetensorsSet weights, KeyRules? rules = null)
    {
        var (sources, _) = Plan(Slots(module), weights.Entries, rules ?? new KeyRules());
        var problems = sources.Values.Select(key => weights.FileOf(key).FindNonFinite(key)).OfType<string>().ToList();
        RequireUnchanged(weights);
        return problems;
    }

    /// <summary>Loads all weights.</summary>
    /// <param name="module">Tree built from the checkpoint's own config.</param>
    /// <param name="weights">Opened files.</param>
    /// <param name="placement">Device and type the parameters get.</param>
    /// <param name="rules">Names of this family; null = the file's own.</param>
    /// <exception cref="ModelLoadException">Lists every key that does not fit, or holds numbers that are not finite; or a file was changed while it was
    /// read.</exception>
    public static void Load(nn.Module module, SafetensorsSet weights, TorchPlacement placement, KeyRules? rules = null)
    {
        rules ??= new KeyRules();
        var slots = Slots(module);
        var (sources, problems) = Plan(slots, weights.Entries, rules);
        if (problems.Count > 0)
            throw new ModelLoadException(weights.Path, problems, WayOut);
        using var grad = no_grad();
        var placed = new Dictionary<string, Parameter>(StringComparer.Ordinal);
        // in the order of the bytes on disk: the system reads ahead
        var loaded = slots.Where(slot => sources.ContainsKey(slot.Key))
            .OrderBy(slot => weights.FileOf(sources[slot.Key]).Path, StringComparer.Ordinal).ThenBy(slot => weights.Entries[sources[slot.Key]].Offset);
        foreach (var slot in loaded)
        {
            var source = sources[slot.Key];
            placed[slot.Key] = slot.Replace(ReadPlaced(weights.FileOf(source), source, slot, placement, rules, problems));
        }

        RequireUnchanged(weights);
        if (problems.Count > 0)
            throw new ModelLoadException(weights.Path, problems, SafetensorsFile.NonFiniteWayOut);
        foreach (var slot in slots.Where(slot => !sources.ContainsKey(slot.Key)))
            placed[slot.Key] = slot.Replace(placed[rules.Tied[slot.Key]].alias());
    }

    private static void RequireUnchanged(SafetensorsSet weights)
    {
        foreach (var file in weights.Files)
            file.RequireUnchanged();
    }

    private static Tensor ReadPlaced(
        SafetensorsFile file, string key, ParameterSlot slot, TorchPlacement placement, KeyRules rules, List<string> problems)
    {
        using var scope = NewDisposeScope();
        var (tensor, problem) = WeightReader.Read(file, key, placement);
        if (problem is not null)
            problems.Add(problem);
        var placed = rules.Reshape(slot.Key, slot.Parameter.shape, tensor);
        // kernels of convolutions: otherwise every call puts them in order again
        return (placed.dim() == 4 ? ChannelsLast.Of(placed) : placed).DetachFromDisposeScope();
    }

    private static (Dictionary<string, string> Sources, List<string> Problems) Plan(
        List<ParameterSlot> slots, IReadOnlyDictionary<string, SafetensorsEntry> entries, KeyRules rules)
    {
        var wanted = slots.ToDictionary(slot => slot.Key, slot => slot.Parameter.shape, StringComparer.Ordinal);
        var sources = new Dictionary<string, string>(StringComparer.Ordinal);
        var problems = new List<string>();
        var unexpected = new List<(string Key, string Name)>();
        foreach (var (key, entry) in entries)
        {
            if (rules.Rename(key) is not { } name || rules.Ignore(name))
                continue;
            if (!wanted.TryGetValue(name, out var shape))
                unexpected.Add((key, name));
            else if (!sources.TryAdd(name, key))
                problems.Add($"keys '{sources[name]}' and '{key}' are the same parameter '{name}'");
            else if (!entry.DType.IsFloat())
                problems.Add($"key '{key}' is {entry.DType.HeaderName()}, weights are F32, F16, BF16 or F64");
            else if (!rules.AcceptsShape(name, entry.Shape, shape))
                problems.Add($"key '{key}' has shape [{string.Join(", ", entry.Shape)}], the config asks for [{string.Join(", ", shape)}]");
        }

        bool IsTied(string name) => rules.Tied.TryGetValue(name, out var tied) && sources.ContainsKey(tied);
        var missing = wanted.Keys.Where(name => !sources.ContainsKey(name) && !IsTied(name)).ToList();
        problems.AddRange(missing.Select(name => $"missing key '{name}'"));
        problems.AddRange(unexpected.Take(MaxSuggestions).Select(key => $"unexpected key '{key.Key}'{Suggestion(key.Name, missing)}"));
        problems.AddRange(unexpected.Skip(MaxSuggestions).Select(key => $"unexpected key '{key.Key}'"));
        problems.Sort(StringComparer.Ordinal);
        return (sources, problems);
    }

    private static string Suggestion(string name, IEnumerable<string> missing) =>
        NearestName.Of(name, missing) is { } nearest ? $": is it '{nearest}', which is missing?" : "";

    private static List<ParameterSlot> Slots(nn.Module module)
    {
        var slots = new List<ParameterSlot>();
        Collect(module, "");
        return slots;

        void Collect(nn.Module current, string prefix)
        {
            foreach (var (name, parameter) in current.named_parameters(recurse: false))
            {
                slots.Add(current is IParameterOwner owner
                    ? new ParameterSlot(prefix + name, owner, name, parameter)
                    : throw new InvalidOperationException($"{current.GetType().Name} has the parameter '{name}' and is no {nameof(IParameterOwner)}"));
            }

            foreach (var (name, child) in current.named_children())
                Collect(child, $"{prefix}{name}.");
        }
    }

    private sealed record ParameterSlot(string Key, IParameterOwner Owner, string Name, Parameter Parameter)
    {
        public Parameter Replace(Tensor value)
        {
            var parameter = new Parameter(value, requires_grad: false);
            Owner.Place(Name, parameter);
            Parameter.Dispose();
            return parameter;
        }
    }
}
