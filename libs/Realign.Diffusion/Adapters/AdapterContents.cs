using Realign.Safetensors;

namespace Realign.Diffusion.Adapters;

/// <summary>The header of an adapter file, sorted: what it has for which layers, by the names in the file. Needs no model.</summary>
internal sealed class AdapterContents
{
    private readonly Dictionary<string, LayerKeys> _layers = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Dictionary<string, SafetensorsEntry>> _embeddings = new(StringComparer.Ordinal);
    private readonly List<string> _problems = [];

    private AdapterContents()
    {
    }

    /// <summary>Layer name in the file to its tensors.</summary>
    public IReadOnlyDictionary<string, LayerKeys> Layers => _layers;

    /// <summary>Name of a bundled embedding to its tensors by their own keys.</summary>
    public IReadOnlyDictionary<string, Dictionary<string, SafetensorsEntry>> Embeddings => _embeddings;

    /// <summary>Keys that are none of an adapter, of another type, or there twice.</summary>
    public IReadOnlyList<string> Problems => _problems;

    /// <summary>Whether any of a file's keys is one of an adapter.</summary>
    public static bool IsAdapter(SafetensorsFile file) => file.Entries.Keys.Any(AdapterKeys.AreOnlyInAdapters);

    public static AdapterContents Of(SafetensorsFile file)
    {
        var contents = new AdapterContents();
        foreach (var entry in file.Entries.Values)
        {
            if (contents.Add(entry) is { } problem)
                contents._problems.Add(problem);
        }

        if (contents._layers.Count == 0 && contents._problems.Count == 0)
            contents._problems.Add("the file has no adapter keys");
        return contents;
    }

    private string? Add(SafetensorsEntry entry)
    {
        var key = entry.Name;
        if (key.StartsWith(AdapterKeys.Bundle, StringComparison.Ordinal))
            return AddEmbedding(entry);
        if (AdapterKeys.Split(key) is not var (layer, part))
            return AdapterKeys.Refusal(key);
        // trainers write alpha as they were given it
        var isWhole = entry.DType is SafetensorsDType.I64 or SafetensorsDType.I32;
        if (!entry.DType.IsFloat() && !(part == AdapterPart.Alpha && isWhole))
            return $"key '{key}' is {entry.DType.HeaderName()}, adapters are F32, F16, BF16 or F64";
        if (!_layers.TryGetValue(layer, out var keys))
            _layers.Add(layer, keys = new LayerKeys());
        return keys.Add(part, entry, layer);
    }

    private string? AddEmbedding(SafetensorsEntry entry)
    {
        // the name ends at the first point, as in the web UIs
        var at = entry.Name.IndexOf('.', AdapterKeys.Bundle.Length);
        if (at <= AdapterKeys.Bundle.Length || at == entry.Name.Length - 1)
            return $"key '{entry.Name}' names no embedding: {AdapterKeys.Bundle}NAME.KEY is expected";
        if (!entry.DType.IsFloat() || entry.Shape.Count is not (1 or 2) || entry.Count == 0)
            return $"key '{entry.Name}' is {entry.DType.HeaderName()} {Shapes.Text(entry.Shape)}, an embedding has numbers [vectors, width]";
        var name = entry.Name[AdapterKeys.Bundle.Length..at];
        if (!_embeddings.TryGetValue(name, out var tensors))
            _embeddings.Add(name, tensors = new Dictionary<string, SafetensorsEntry>(StringComparer.Ordinal));
        tensors.Add(entry.Name[(at + 1)..], entry);
        return null;
    }
}
