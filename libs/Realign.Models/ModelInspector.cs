using Realign.Core.Errors;
using Realign.Core.Files;
using Realign.Diffusion.Snapshots;
using Realign.Models.Diffusion;
using Realign.Models.Gguf;
using Realign.Models.Onnx;
using Realign.Models.Torch;

namespace Realign.Models;

/// <summary>
/// Says what a downloaded folder or file is and whether a service would load it. Torch modules are built without storage and compared with the
/// files, whose numbers are read once; graphs and language models are opened and run once by the classes that the services use.
/// </summary>
public static class ModelInspector
{
    private const int MaxDepth = 2;
    private const string Needed = "model_index.json (Stable Diffusion), a whole checkpoint, an adapter or an embedding as .safetensors, "
        + "config.json (one model), .onnx graphs, .gguf";

    /// <summary>
    /// Inspects a folder or file. A folder of several models gives one report for each; one that is no model itself, but has one inside, is
    /// reported as what it is, before the model.
    /// </summary>
    /// <param name="path">Folder or file.</param>
    /// <param name="baseModel">For an adapter: the Stable Diffusion folder it must fit; null = only its own structure is checked.</param>
    /// <exception cref="NotFoundException">Nothing is there.</exception>
    public static IReadOnlyList<ModelReport> Inspect(string path, string? baseModel = null)
    {
        ArgumentNullException.ThrowIfNull(path);
        if (baseModel is not null && !ModelFile.Exists(Path.Combine(baseModel, SnapshotIndex.FileName)))
        {
            throw new NotFoundException(
                $"{baseModel} is no Stable Diffusion folder: it has no {SnapshotIndex.FileName}", "name the folder of the model the adapter is for");
        }

        try
        {
            if (ModelFile.Exists(path))
                return [InspectFile(path, baseModel)];
            if (!Directory.Exists(path))
                throw new NotFoundException($"there is no file or folder {path}", "check the path");
            return InspectNamedFolder(path, baseModel);
        }
        catch (UnauthorizedAccessException)
        {
            return [NoModel(path, "the folder may not be read by this process", "check its permissions and those of the folders inside")];
        }
    }

    private static List<ModelReport> InspectNamedFolder(string folder, string? baseModel)
    {
        if (InspectModelFolder(folder, baseModel) is { } report)
            return [report];
        if (ModelFolder.SnapshotOf(folder) is { } snapshot)
            return [NoModel(folder, ModelFolder.Lacks(folder, SnapshotIndex.FileName)), .. InspectNamedFolder(snapshot, baseModel)];
        var checkpoints = Directory.GetFiles(folder, "*.safetensors").Where(ModelFolder.IsSingleFileCheckpoint).Order(StringComparer.Ordinal).ToList();
        if (checkpoints.Count > 0)
            return [.. checkpoints.Select(CheckpointInspection.Run)];
        if (RewardInspection.Reports(folder) is { Count: > 0 } rewards)
            return [.. rewards];
        var found = Below(folder, baseModel, 1);
        return found switch
        {
            [] => [Lone(folder, baseModel)],
            [var one] => [NoModel(folder, $"this folder is no model, it is in {Path.GetRelativePath(folder, one.Path)}", $"name the folder {one.Path}"), one],
            _ when found.TrueForAll(inner => inner.Kind == ModelKind.DiffusionComponent) =>
                [NoModel(folder, ModelFolder.Lacks(folder, SnapshotIndex.FileName)), .. found],
            _ => found,
        };
    }

    // weights without a config: what they are is said
    private static ModelReport Lone(string folder, string? baseModel)
    {
        var weights = Directory.GetFiles(folder, "*.safetensors").Order(StringComparer.Ordinal).ToList();
        return weights.Count > 0
            ? AdapterInspection.Run(folder, weights, baseModel)
            : NoModel(folder, ModelFolder.Lacks(folder, SnapshotIndex.FileName, "config.json", "*.onnx", "*.gguf", "*.safetensors"));
    }

    private static List<ModelReport> Below(string folder, string? baseModel, int depth) =>
        [.. Directory.EnumerateDirectories(folder).Where(inner => Path.GetFileName(inner)[0] != '.').Order(StringComparer.Ordinal)
            .SelectMany(inner => InspectFolder(ModelFolder.SnapshotOf(inner) ?? inner, baseModel, depth))];

    private static List<ModelReport> InspectFolder(string folder, string? baseModel, int depth)
    {
        if (InspectModelFolder(folder, baseModel) is { } report)
            return [report];
        return depth == MaxDepth ? [] : Below(folder, baseModel, depth + 1);
    }

    private static ModelReport? InspectModelFolder(string folder, string? baseModel)
    {
        if (ModelFile.Exists(Path.Combine(folder, SnapshotIndex.FileName)))
            return StableDiffusionInspection.Run(folder);
        if (OnnxInspection.TryFolder(folder) is { } graphs)
            return graphs;
        if (ModelFile.Exists(Path.Combine(folder, "config.json")))
            return TransformersInspection.Run(folder);
        if ((ImageRewardInspection.TryFolder(folder) ?? RewardInspection.TryFolder(folder)) is { } reward)
            return reward;
        var files = Directory.GetFiles(folder).Order(StringComparer.Ordinal).ToList();
        var ggufs = files.FindAll(file => file.EndsWith(".gguf", StringComparison.OrdinalIgnoreCase));
        if (ggufs.Count > 0)
            return GgufInspection.Run(folder, ggufs);
        var adapters = files.FindAll(AdapterInspection.IsAdapter);
        if (adapters.Count > 0)
            return AdapterInspection.Run(folder, adapters, baseModel);
        var embeddings = files.FindAll(EmbeddingInspection.IsEmbedding);
        if (embeddings.Count > 0)
            return EmbeddingInspection.Run(folder, embeddings);
        var pickles = files.FindAll(FileMistakes.IsPickleName);
        return pickles.Count > 0 ? Pickle(folder, pickles) : null;
    }

    // a file in a cache has no suffix: what it is stands at its beginning
    private static ModelReport InspectFile(string path, string? baseModel)
    {
        if (FileMistakes.IsPickleName(path))
            return Pickle(path, [path]);
        switch (Path.GetExtension(path).ToUpperInvariant())
        {
            case ".GGUF":
                return GgufInspection.Run(path, [path]);
            case ".ONNX":
                return OnnxInspection.File(path);
            case ".SAFETENSORS" when ModelFolder.IsSingleFileCheckpoint(path):
                return CheckpointInspection.Run(path);
            case ".SAFETENSORS" when EmbeddingInspection.IsEmbedding(path):
                return EmbeddingInspection.Run(path, [path]);
            case ".SAFETENSORS":
                return RewardInspection.TryFile(path) ?? AdapterInspection.Run(path, [path], baseModel);
            default:
                return FileMistakes.Recognize(path) switch
                {
                    FileFormat.Gguf => GgufInspection.Run(path, [path]),
                    FileFormat.Safetensors => RewardInspection.TryFile(path) ?? AdapterInspection.Run(path, [path], baseModel),
                    _ => NoModel(path, $"it is none of: {Needed}", "name the folder or file of a model"),
                };
        }
    }

    private static ModelReport Pickle(string path, IEnumerable<string> files) =>
        NoModel(path, FileMistakes.Pickle(path, files.Select(file => Path.GetFileName(file)))) with { Description = "a pickle" };

    private static ModelReport NoModel(string path, string problem, string wayOut) => NoModel(path, new ModelLoadException(path, problem, wayOut));

    private static ModelReport NoModel(string path, ModelLoadException reason) => new ModelReport
    {
        Path = path,
        Kind = ModelKind.Unknown,
        Description = "not recognized",
        License = LicenseFile.Find(path),
    }.With(reason);
}
