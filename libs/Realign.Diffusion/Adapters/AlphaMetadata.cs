using System.Globalization;
using System.Text;
using System.Text.Json;
using Realign.Core.Configs;
using Realign.Core.Errors;
using Realign.Core.Files;
using Realign.Safetensors;

namespace Realign.Diffusion.Adapters;

/// <summary>
/// Alphas that a file keeps in its header (<c>lora_adapter_metadata</c>), or in the <c>adapter_config.json</c> that peft puts beside its
/// <c>adapter_model.safetensors</c>, instead of one tensor per module.
/// </summary>
internal sealed class AlphaMetadata
{
    private const string Entry = "lora_adapter_metadata";
    private const string PeftFile = "adapter_model.safetensors";
    private const string PeftConfig = "adapter_config.json";
    private const int MaxConfigBytes = 16 << 20;
    private readonly JsonElement? _root;
    private readonly string _path;

    private AlphaMetadata(string path, JsonElement? root)
    {
        _path = path;
        _root = root;
    }

    /// <exception cref="ModelLoadException">The entry or the config is there but not a JSON object.</exception>
    public static AlphaMetadata Read(SafetensorsFile file)
    {
        if (file.Metadata.TryGetValue(Entry, out var json))
            return new AlphaMetadata(file.Path, Parse(file.Path, $"metadata {Entry}", Encoding.UTF8.GetBytes(json)));
        if (ConfigOf(file.Path) is not { } config)
            return new AlphaMetadata(file.Path, null);
        return FilePlace.IsInside(Path.GetDirectoryName(config)!, config)
            ? new AlphaMetadata(file.Path, Parse(file.Path, PeftConfig, ModelText.Read(config, MaxConfigBytes)))
            : throw new ModelLoadException(file.Path, $"{PeftConfig} is a link that leads out of the folder", "put the file itself there");
    }

    /// <summary>The config that belongs to a file; null when there is none. peft gives both of its files fixed names: no other adapter has one.</summary>
    public static string? ConfigOf(string path)
    {
        var config = Path.Combine(Path.GetDirectoryName(Path.GetFullPath(path))!, PeftConfig);
        return Path.GetFileName(path) == PeftFile && ModelFile.Exists(config) ? config : null;
    }

    private static JsonElement Parse(string path, string what, ReadOnlyMemory<byte> json)
    {
        try
        {
            using var document = StrictJson.Parse(json);
            if (document.RootElement.ValueKind == JsonValueKind.Object)
                return document.RootElement.Clone();
        }
        catch (JsonException exception)
        {
            throw new ModelLoadException(path, $"{what} is not JSON", "save the adapter again", exception);
        }

        throw new ModelLoadException(path, $"{what} is not a JSON object", "save the adapter again");
    }

    /// <summary>Factor alpha / rank (or alpha / sqrt(rank)) of a module; null when the header says nothing about it.</summary>
    /// <param name="target">Component and module path.</param>
    /// <param name="rank">Rank of its factors; null where they are whole: the header's own counts then.</param>
    public double? Factor(string target, long? rank)
    {
        if (_root is not { } root)
            return null;
        var component = target[..target.IndexOf('.', StringComparison.Ordinal)];
        if (Alpha(root, component, target[(component.Length + 1)..]) is not { } alpha)
            return null;
        if (alpha < 0)
            throw new ModelLoadException(_path, $"the alpha of '{target}' is {alpha.ToString(CultureInfo.InvariantCulture)}",
                "save the adapter again, with an alpha of 0 or more");
        double? divisor = rank is { } known ? known : Find(root, component, "r") is { } own ? Number("r", own) : null;
        if (divisor is not > 0)
            return null;
        var isRankStabilized = Find(root, component, "use_rslora") is { ValueKind: JsonValueKind.True };
        return alpha / (isRankStabilized ? Math.Sqrt(divisor.Value) : divisor.Value);
    }

    private double? Alpha(JsonElement root, string component, string module)
    {
        if (Find(root, component, "alpha_pattern") is { ValueKind: JsonValueKind.Object } pattern)
        {
            foreach (var item in pattern.EnumerateObject())
            {
                if (module == item.Name || module.EndsWith("." + item.Name, StringComparison.Ordinal))
                    return Number(item.Name, item.Value);
            }
        }

        // peft's LoHa and LoKr call it alpha
        return Find(root, component, "lora_alpha") is { } common ? Number("lora_alpha", common)
            : Find(root, component, "alpha") is { } other ? Number("alpha", other) : null;
    }

    // the header speaks of several components, the file of peft of the only one it has
    private static JsonElement? Find(JsonElement root, string component, string name) =>
        root.TryGetProperty($"{component}.{name}", out var value) || root.TryGetProperty(name, out value) ? value : null;

    private double Number(string name, JsonElement value) => value.ValueKind == JsonValueKind.Number && double.IsFinite(value.GetDouble())
        ? value.GetDouble()
        : throw new ModelLoadException(_path, $"{name} is not a finite number", "save the adapter again");
}
