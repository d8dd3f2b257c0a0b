using Realign.Core.Errors;
using Realign.Core.Files.Hub;

namespace Realign.Core.Files;

/// <summary>Why a file that makes a folder a model is not there: what lies around it tells what was named instead of the model.</summary>
public static class ModelFolder
{
    private const int ShownFiles = 12;
    private const int HeaderBytes = 16 << 20;
    private const string SnapshotIndex = "model_index.json";

    private static readonly string[] UnfinishedSuffixes = [".incomplete", ".part", ".partial", ".crdownload", ".aria2", ".download", ".tmp"];

    // keys of the first authors' checkpoints, which hold all parts of a model in one file
    private static readonly byte[][] SingleFileKeys =
        ["\"model.diffusion_model."u8.ToArray(), "\"conditioner.embedders."u8.ToArray(), "\"first_stage_model."u8.ToArray()];

    /// <summary>The refusal of a folder that lacks a file.</summary>
    /// <param name="folder">The folder that was named.</param>
    /// <param name="files">Names of which it needs one, e.g. <c>model_index.json</c> or <c>*.onnx</c>.</param>
    public static ModelLoadException Lacks(string folder, params IReadOnlyList<string> files)
    {
        ArgumentNullException.ThrowIfNull(folder);
        ArgumentNullException.ThrowIfNull(files);
        var (problem, wayOut) = Find(folder, files);
        return new ModelLoadException(folder, problem, wayOut);
    }

    /// <summary>Requires a folder.</summary>
    /// <param name="folder">The folder that was named.</param>
    /// <param name="files">Names of which it needs one, for the message.</param>
    /// <exception cref="ModelLoadException">There is none.</exception>
    public static void Require(string folder, params IReadOnlyList<string> files)
    {
        if (!Directory.Exists(folder))
            throw Lacks(folder, files);
    }

    /// <summary>The snapshot to use of an entry of the Hugging Face cache (<c>models--owner--name</c>); null = it is none, or has no snapshot.</summary>
    public static string? SnapshotOf(string folder) =>
        (Directory.Exists(Path.Combine(folder, "blobs")) || Directory.Exists(Path.Combine(folder, "refs"))) && HubEntry.Snapshots(folder) is [var newest, ..]
            ? newest
            : null;

    /// <summary>Whether a file is a whole checkpoint of Stable Diffusion in the layout of the first authors.</summary>
    public static bool IsSingleFileCheckpoint(string path)
    {
        if (!Path.GetExtension(path).Equals(".safetensors", StringComparison.OrdinalIgnoreCase))
            return false;
        try
        {
            var file = ModelFile.Find(path);
            using var handle = file.Open();
            var header = new byte[Math.Min(file.Length, HeaderBytes)];
            file.Read(handle, header, 0);
            return Array.Exists(SingleFileKeys, key => header.AsSpan().IndexOf(key) >= 0);
        }
        catch (ModelLoadException)
        {
            return false;
        }
    }

    /// <summary>What a folder with such checkpoints is refused with, where a model is asked for.</summary>
    /// <param name="names">Names of the files.</param>
    public static (string Problem, string WayOut) SingleFile(IReadOnlyList<string> names)
    {
        ArgumentNullException.ThrowIfNull(names);
        return ($"{string.Join(", ", names)} is a whole checkpoint in one file (the first authors' single-file layout), not a folder of a model",
            $"name the file itself where a Stable Diffusion model is asked for, or write it as a folder: realign models convert {names[0]} FOLDER");
    }

    private static (string Problem, string WayOut) Find(string folder, IReadOnlyList<string> files)
    {
        var wanted = string.Join(" or ", files);
        switch (FileStatus.Of(folder).Kind)
        {
            case FileKind.Missing:
                return (NotThere(folder, wanted), "check the path, and that the model was downloaded completely");
            case FileKind.Forbidden:
                return ("the folder may not be read by this process", "check its permissions and those of the folders above it");
            case FileKind.Folder:
                return InFolder(folder, files, wanted);
            default:
                return OfFile(folder, wanted);
        }
    }

    private static (string Problem, string WayOut) InFolder(string folder, IReadOnlyList<string> files, string wanted)
    {
        if (SnapshotOf(folder) is { } snapshot)
            return ("this is the root of an entry of the Hugging Face cache, the model is in one of its snapshots", $"name the folder {snapshot}");
        if (Directory.EnumerateDirectories(folder, "models--*").Any())
            return ($"{wanted} is missing: this is the whole Hugging Face cache", "name one model in it, as models--OWNER--NAME/snapshots/REVISION");
        if (Below(folder, files) is { } below)
            return ($"{wanted} is missing here, it is in {Path.GetRelativePath(folder, below)}", $"name the folder {below}");
        if (files.Contains(SnapshotIndex) && Directory.GetParent(Path.GetFullPath(folder)) is { } parent
            && File.Exists(Path.Combine(parent.FullName, SnapshotIndex)))
            return ($"{wanted} is missing: this folder is one part of a model", $"name the folder {parent.FullName}");
        return AmongFiles(folder, wanted);
    }

    private static (string Problem, string WayOut) AmongFiles(string folder, string wanted)
    {
        var names = Directory.EnumerateFiles(folder).Select(file => Path.GetFileName(file)).Order(StringComparer.Ordinal).ToList();
        if (names.FindAll(name => IsSingleFileCheckpoint(Path.Combine(folder, name))) is { Count: > 0 } whole)
            return SingleFile(whole);
        if (names.FindAll(FileMistakes.IsPickleName) is { Count: > 0 } pickles)
        {
            var pickle = FileMistakes.Pickle(folder, pickles);
            return ($"{wanted} is missing; {pickle.Problems[0]}", pickle.WayOut);
        }

        if (names.Find(name => Array.Exists(UnfinishedSuffixes, suffix => name.EndsWith(suffix, StringComparison.OrdinalIgnoreCase))) is { } unfinished)
            return ($"{wanted} is missing, and {unfinished} is a download that did not end", "resume or repeat the download");
        var here = names.Count == 0
            ? "the folder has no files"
            : $"files here: {string.Join(", ", names.Take(ShownFiles))}{(names.Count > ShownFiles ? ", ..." : "")}";
        return ($"{wanted} is missing", $"check that the model was downloaded completely; {here}");
    }

    private static (string Problem, string WayOut) OfFile(string file, string wanted)
    {
        var name = Path.GetFileName(file);
        if (IsSingleFileCheckpoint(file))
            return SingleFile([name]);
        if (FileMistakes.IsPickleName(file))
        {
            var pickle = FileMistakes.Pickle(file, [name]);
            return (pickle.Problems[0], pickle.WayOut);
        }

        return ($"this is a file, a folder with {wanted} is needed", "name the folder of the model");
    }

    private static string NotThere(string folder, string wanted) => new DirectoryInfo(folder).LinkTarget is { } target
        ? $"this is a link to {target}, where nothing is"
        : $"the folder does not exist (it should hold {wanted})";

    private static bool Holds(string folder, string file) =>
        file.Contains('*', StringComparison.Ordinal)
            ? Directory.EnumerateFiles(folder, file).Any()
            : File.Exists(Path.Combine(folder, file)) || File.Exists(Path.Combine(folder, "onnx", file)); // exports lie in a folder of that name

    private static string? Below(string folder, IReadOnlyList<string> files)
    {
        var level = new List<string> { folder };
        for (var depth = 0; depth < 2; depth++)
        {
            level = [.. level.SelectMany(Directory.EnumerateDirectories).Order(StringComparer.Ordinal)];
            if (level.Find(inner => files.Any(file => Holds(inner, file))) is { } found)
                return found;
        }

        return null;
    }
}
