using Realign.Core.Errors;
using Realign.Diffusion.Snapshots;
using Realign.Models.Diffusion;
using Realign.Models.Gguf;
using Realign.Models.Onnx;
using Realign.Models.Torch;

namespace Realign.Models;

/// <summary>
/// Says what a downloaded folder or file is and whether it can be loaded. Reads configs, headers and tokenizers, never weights: the modules
/// are built without storage and their keys and shapes are compared with the files' headers.
/// </summary>
public static class ModelInspector
{
    private const int MaxDepth = 2;
    private static readonly string[] PickleSuffixes = [".bin", ".ckpt", ".pt", ".pth"];

    /// <summary>Inspects a folder or file. A folder that only holds models gives one report for each.</summary>
    /// <param name="path">Folder or file.</param>
    /// <param name="baseModel">For an adapter: the Stable Diffusion folder it must fit; null = only its own structure is checked.</param>
    /// <exception cref="NotFoundException">Nothing is there.</exception>
    public static IReadOnlyList<ModelReport> Inspect(string path, string? baseModel = null)
    {
        ArgumentNullException.ThrowIfNull(path);
        if (baseModel is not null && !File.Exists(Path.Combine(baseModel, SnapshotIndex.FileName)))
            throw new NotFoundException($"{baseModel} is no Stable Diffusion folder: it has no {SnapshotIndex.FileName}", "name the folder of the model the adapter is for");
        if (File.Exists(path))
            return [InspectFile(path, baseModel)];
        if (!Directory.Exists(path))
            throw new NotFoundException($"there is no file or folder {path}", "check the path");
        var found = InspectFolder(path, baseModel, 0);
        return found.Count > 0 ? found : [Lone(path, baseModel)];
    }

    // weights without a config, such as a whole checkpoint in one file: what they are is said, although they cannot be loaded
    private static ModelReport Lone(string folder, string? baseModel)
    {
        var weights = Directory.GetFiles(folder, "*.safetensors").Order(StringComparer.Ordinal).ToList();
        return weights.Count > 0 ? LoraInspection.Run(folder, weights, baseModel) : Unknown(folder);
    }

    private static List<ModelReport> InspectFolder(string folder, string? baseModel, int depth)
    {
        if (InspectModelFolder(folder, baseModel) is { } report)
            return [report];
        return depth == MaxDepth
            ? []
            : [.. Directory.EnumerateDirectories(folder).Order(StringComparer.Ordinal).SelectMany(inner => InspectFolder(inner, baseModel, depth + 1))];
    }

    private static ModelReport? InspectModelFolder(string folder, string? baseModel)
    {
        if (File.Exists(Path.Combine(folder, SnapshotIndex.FileName)))
            return StableDiffusionInspection.Run(folder);
        if (OnnxInspection.TryFolder(folder) is { } graphs)
            return graphs;
        if (File.Exists(Path.Combine(folder, "config.json")))
            return TransformersInspection.Run(folder);
        if (ImageRewardInspection.TryFolder(folder) is { } reward)
            return reward;
        var files = Directory.GetFiles(folder).Order(StringComparer.Ordinal).ToList();
        var ggufs = files.FindAll(file => file.EndsWith(".gguf", StringComparison.Ordinal));
        if (ggufs.Count > 0)
            return GgufInspection.Run(folder, ggufs);
        var adapters = files.FindAll(LoraInspection.IsAdapter);
        if (adapters.Count > 0)
            return LoraInspection.Run(folder, adapters, baseModel);
        return files.Exists(IsPickle) ? Pickle(folder, files.FindAll(IsPickle)) : null;
    }

    private static ModelReport InspectFile(string path, string? baseModel)
    {
        if (IsPickle(path))
            return Pickle(path, [path]);
        return Path.GetExtension(path) switch
        {
            ".gguf" => GgufInspection.Run(path, [path]),
            ".onnx" => OnnxInspection.File(path),
            ".safetensors" => LoraInspection.Run(path, [path], baseModel),
            _ => Unknown(path),
        };
    }

    private static bool IsPickle(string path) => PickleSuffixes.Contains(Path.GetExtension(path));

    private static ModelReport Pickle(string path, List<string> files) => new()
    {
        Path = path,
        Kind = ModelKind.Unknown,
        Description = "a pickle",
        Problems = [.. files.Select(file => $"{Path.GetFileName(file)} is a pickle: it runs code when loaded and is refused; download the .safetensors revision of the model, or convert the file with the publisher's own tool")],
        Licence = LicenceFile.Find(path),
    };

    private static ModelReport Unknown(string path) => new()
    {
        Path = path,
        Kind = ModelKind.Unknown,
        Description = "not recognised",
        Problems = ["none of: model_index.json (Stable Diffusion), config.json (one model), .onnx graphs, .gguf, adapter .safetensors"],
        Licence = LicenceFile.Find(path),
    };
}
