using System.Text.Json;
using System.Text.RegularExpressions;
using Realign.Core.Configs;
using Realign.Core.Errors;
using Realign.Core.Files;

namespace Realign.Safetensors;

/// <summary>
/// The weights of one model folder: a single file, or shards named by an index file, as Hugging Face snapshots have them.
/// </summary>
public sealed partial class SafetensorsSet : IDisposable
{
    private readonly List<SafetensorsFile> _files;
    private readonly Dictionary<string, SafetensorsFile> _byKey;

    private SafetensorsSet(string path, List<SafetensorsFile> files)
    {
        Path = path;
        _files = files;
        _byKey = new Dictionary<string, SafetensorsFile>(StringComparer.Ordinal);
        var entries = new Dictionary<string, SafetensorsEntry>(StringComparer.Ordinal);
        var problems = new List<string>();
        foreach (var file in files)
        {
            foreach (var (key, entry) in file.Entries)
            {
                if (_byKey.TryAdd(key, file))
                    entries.Add(key, entry);
                else
                    problems.Add($"key '{key}' is in two shards");
            }
        }

        if (problems.Count > 0)
            throw new ModelLoadException(path, problems, "download the folder again");
        Entries = entries;
    }

    /// <summary>The folder or file that was opened.</summary>
    public string Path { get; }

    /// <summary>All tensors by key.</summary>
    public IReadOnlyDictionary<string, SafetensorsEntry> Entries { get; }

    /// <summary>The open files.</summary>
    public IReadOnlyList<SafetensorsFile> Files => _files;

    /// <summary>The file that holds a key.</summary>
    public SafetensorsFile FileOf(string key) => _byKey[key];

    /// <summary>A file that is open already, or a part of one, as a set that owns it.</summary>
    /// <param name="path">What error messages call it.</param>
    /// <param name="file">The file.</param>
    public static SafetensorsSet Of(string path, SafetensorsFile file) => Own(path, [file]);

    /// <summary>A single file as a set.</summary>
    public static SafetensorsSet OpenFile(string path) => Own(path, [SafetensorsFile.Open(path)]);

    /// <summary>
    /// Opens <c>{baseName}[.{variant}].safetensors</c> or the shards of <c>{baseName}.safetensors.index[.{variant}].json</c>.
    /// </summary>
    /// <param name="folder">Folder of one model, e.g. <c>unet</c>.</param>
    /// <param name="baseName"><c>model</c> (transformers) or <c>diffusion_pytorch_model</c> (diffusers).</param>
    /// <param name="variant">For example <c>fp16</c>; null for the plain file, or for the only variant where there is no plain file.</param>
    /// <exception cref="ModelLoadException">No weights are there, only files that run code when loaded, or a shard is missing.</exception>
    public static SafetensorsSet OpenFolder(string folder, string baseName, string? variant = null)
    {
        ModelFolder.Require(folder, $"{baseName}.safetensors");
        var variants = Variants(folder, baseName);
        var chosen = variant is null && variants is [var only] ? only : variant;
        var infix = chosen is null ? "" : "." + chosen;
        var single = System.IO.Path.Combine(folder, $"{baseName}{infix}.safetensors");
        if (ModelFile.Exists(single))
            return OpenFile(single);
        foreach (var index in new[] { $"{baseName}.safetensors.index{infix}.json", $"{baseName}{infix}.safetensors.index.json" })
        {
            var path = System.IO.Path.Combine(folder, index);
            if (ModelFile.Exists(path))
                return OpenShards(folder, path);
        }

        throw variants.Count == 0
            ? ModelFolder.Lacks(folder, System.IO.Path.GetFileName(single))
            : new ModelLoadException(folder, $"{System.IO.Path.GetFileName(single)} is missing",
                $"name one of the variants that are there ({string.Join(", ", variants.Select(name => name ?? "none"))}) in the settings");
    }

    /// <summary>Variants of the weights in a folder, the plain files (null) first; empty = there are none.</summary>
    public static IReadOnlyList<string?> Variants(string folder, string baseName) => !Directory.Exists(folder)
        ? []
        : [.. Directory.EnumerateFiles(folder)
            .Select(file => WeightFile().Match(System.IO.Path.GetFileName(file)))
            .Where(match => match.Success && match.Groups["base"].Value == baseName)
            .Select(match => match.Groups["variant"] is { Success: true } name ? name.Value : null)
            .Distinct()
            .Order(StringComparer.Ordinal)];

    // model.safetensors, model.fp16.safetensors, model.safetensors.index.json, model.safetensors.index.fp16.json, model.fp16.safetensors.index.json
    [GeneratedRegex(@"^(?<base>[^.]+)(\.(?<variant>[A-Za-z0-9_]+))?\.safetensors(\.index(\.(?<variant>[A-Za-z0-9_]+))?\.json)?$")]
    private static partial Regex WeightFile();

    private static SafetensorsSet OpenShards(string folder, string indexPath)
    {
        var shards = ReadIndex(indexPath, out var weightMap);
        var problems = shards.Where(shard => !ModelFile.Exists(System.IO.Path.Combine(folder, shard))).Select(shard => $"shard {shard} is missing").ToList();
        if (problems.Count > 0)
            throw new ModelLoadException(indexPath, problems, "download the missing shards");
        var files = new List<SafetensorsFile>();
        try
        {
            foreach (var shard in shards)
                files.Add(SafetensorsFile.Open(System.IO.Path.Combine(folder, shard)));
        }
        catch
        {
            files.ForEach(file => file.Dispose());
            throw;
        }

        var set = Own(folder, files);
        var misplaced = weightMap
            .Where(pair => !set._byKey.TryGetValue(pair.Key, out var file) || System.IO.Path.GetFileName(file.Path) != pair.Value)
            .Select(pair => $"key '{pair.Key}' is not in {pair.Value}")
            .ToList();
        if (misplaced.Count == 0)
            return set;
        set.Dispose();
        throw new ModelLoadException(indexPath, misplaced, "download the index and its shards again: they belong to different revisions");
    }

    private static SortedSet<string> ReadIndex(string indexPath, out Dictionary<string, string> weightMap)
    {
        weightMap = new Dictionary<string, string>(StringComparer.Ordinal);
        try
        {
            using var document = StrictJson.Parse(ModelText.Read(indexPath));
            foreach (var property in document.RootElement.GetProperty("weight_map").EnumerateObject())
            {
                var shard = property.Value.GetString() ?? throw new JsonException("a shard name is null");
                if (System.IO.Path.GetFileName(shard) != shard)
                    throw new JsonException($"shard name '{shard}' leaves the folder");
                weightMap[property.Name] = shard;
            }
        }
        catch (Exception exception) when (exception is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw new ModelLoadException(indexPath, $"not an index file ({exception.Message})", "download it again", exception);
        }

        return [.. weightMap.Values];
    }

    private static SafetensorsSet Own(string path, List<SafetensorsFile> files)
    {
        try
        {
            return new SafetensorsSet(path, files);
        }
        catch
        {
            files.ForEach(file => file.Dispose());
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _files.ForEach(file => file.Dispose());
}
