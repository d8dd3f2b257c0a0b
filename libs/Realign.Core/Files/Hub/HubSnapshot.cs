using System.Text.Json;
using Realign.Core.Configs;
using Realign.Core.Errors;

namespace Realign.Core.Files.Hub;

/// <summary>Whether a snapshot of the hub's cache is all there: what a download that broke off leaves out.</summary>
internal static class HubSnapshot
{
    private const string ModelIndex = "model_index.json";
    private const long LargestIndex = 16 << 20;

    // parts of a Stable Diffusion model that drawing needs; others are left out on purpose
    private static readonly string[] _weighted = ["unet", "vae", "text_encoder", "text_encoder_2"];
    private static readonly string[] _weights = ["*.safetensors", "*.onnx", "*.gguf", "*.bin", "*.pt", "*.pth", "*.ckpt"];

    /// <summary>What is missing; empty = nothing.</summary>
    public static IReadOnlyList<string> Lacks(string snapshot)
    {
        var lacks = new List<string>();
        foreach (var file in Directory.EnumerateFiles(snapshot, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
        {
            var name = Path.GetRelativePath(snapshot, file);
            if (FileStatus.Of(file).Kind == FileKind.Missing)
                lacks.Add($"{name} is a link to nothing");
            else if (IsShardIndex(name))
                lacks.AddRange(MissingShards(file).Select(shard => $"{shard} of {name} is missing"));
        }

        if (File.Exists(Path.Combine(snapshot, ModelIndex)))
            lacks.AddRange(MissingParts(snapshot));
        else if (!HasWeights(snapshot, SearchOption.AllDirectories))
            lacks.Add("it has no weights");
        return lacks;
    }

    // model.safetensors.index.json, model.safetensors.index.fp16.json, model.fp16.safetensors.index.json
    private static bool IsShardIndex(string name) =>
        name.Contains(".safetensors.index.", StringComparison.Ordinal) && name.EndsWith(".json", StringComparison.Ordinal);

    private static IEnumerable<string> MissingParts(string snapshot) => Properties(Path.Combine(snapshot, ModelIndex))
        .Where(part => part.Value is { ValueKind: JsonValueKind.Array } type && type.EnumerateArray().All(name => name.ValueKind == JsonValueKind.String))
        .Select(part => part.Name)
        .Where(part => _weighted.Contains(part) && !HasWeights(Path.Combine(snapshot, part), SearchOption.TopDirectoryOnly))
        .Select(part => $"{part} has no weights");

    // only names: what else is wrong with a file, its loader says
    private static IEnumerable<string> MissingShards(string index)
    {
        var folder = Path.GetDirectoryName(index)!;
        return Properties(index).Where(property => property is { Name: "weight_map", Value.ValueKind: JsonValueKind.Object })
            .SelectMany(property => property.Value.EnumerateObject()).Select(entry => entry.Value.ToString()).Distinct(StringComparer.Ordinal)
            .Where(shard => !File.Exists(Path.Combine(folder, shard))).Order(StringComparer.Ordinal);
    }

    private static List<JsonProperty> Properties(string file)
    {
        try
        {
            var root = StrictJson.Parse(ModelText.Read(file, LargestIndex)).RootElement;
            return root.ValueKind == JsonValueKind.Object ? [.. root.EnumerateObject()] : [];
        }
        catch (Exception exception) when (exception is JsonException or ModelLoadException)
        {
            return [];
        }
    }

    private static bool HasWeights(string folder, SearchOption depth) =>
        Directory.Exists(folder) && _weights.Any(pattern => Directory.EnumerateFiles(folder, pattern, depth).Any());
}
