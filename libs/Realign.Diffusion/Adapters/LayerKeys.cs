using System.Diagnostics.CodeAnalysis;
using Realign.Safetensors;

namespace Realign.Diffusion.Adapters;

/// <summary>The tensors that a file has for one layer.</summary>
internal sealed class LayerKeys
{
    private readonly Dictionary<AdapterPart, SafetensorsEntry> _entries = [];

    /// <summary>All of them.</summary>
    public IReadOnlyDictionary<AdapterPart, SafetensorsEntry> Entries => _entries;

    public bool Has(AdapterPart part) => _entries.ContainsKey(part);

    public bool TryGet(AdapterPart part, [NotNullWhen(true)] out SafetensorsEntry? entry) => _entries.TryGetValue(part, out entry);

    /// <summary>Shape of a part that is there.</summary>
    public IReadOnlyList<long> Shape(AdapterPart part) => _entries[part].Shape;

    /// <summary>Puts a tensor to it.</summary>
    /// <returns>What is wrong; null = nothing.</returns>
    public string? Add(AdapterPart part, SafetensorsEntry entry, string layer) => _entries.TryAdd(part, entry)
        ? null
        : $"keys '{_entries[part].Name}' and '{entry.Name}' are the same part of '{layer}'";
}
