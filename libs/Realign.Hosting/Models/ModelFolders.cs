using Realign.Core.Errors;
using Realign.Core.Files;
using Realign.Core.Files.Hub;

namespace Realign.Hosting.Models;

/// <summary>Finds model folders and files named in settings.</summary>
public static class ModelFolders
{
    /// <summary>Environment variable with the folder that relative names are looked up in.</summary>
    public const string RootVariable = "REALIGN_MODELS";

    /// <summary>
    /// A full path is taken as it is; <c>hub:OWNER/NAME</c> is looked up in the Hugging Face cache (<see cref="HubCache"/>).
    /// A relative name such as <c>miniature/generator</c> is looked up in <c>REALIGN_MODELS</c> when set,
    /// else in the <c>models</c> folder of the application's folder or the nearest one above it.
    /// </summary>
    /// <exception cref="ModelLoadException">Nothing is there, or not all of it.</exception>
    public static string Resolve(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return HubName.IsOne(name) ? HubCache.Resolve(name) : Find(name, out var tried) ?? throw NotThere(name, tried);
    }

    /// <summary>Bytes of all safetensors files in some model folders and below them, or of a file; what is not there has none.</summary>
    public static long WeightBytes(params IEnumerable<string> names) => names
        .Select(TryResolve)
        .Sum(path => Directory.Exists(path)
            ? Directory.EnumerateFiles(path, "*.safetensors", SearchOption.AllDirectories).Sum(file => ModelFile.LengthOf(file))
            : path is null ? 0 : ModelFile.LengthOf(path));

    private static string? TryResolve(string name)
    {
        try
        {
            return Resolve(name);
        }
        catch (ModelLoadException)
        {
            return null;
        }
    }

    private static string? Find(string name, out List<string> tried)
    {
        tried = [];
        if (Path.IsPathRooted(name))
        {
            tried.Add(name);
        }
        else if (Environment.GetEnvironmentVariable(RootVariable) is { Length: > 0 } root)
        {
            tried.Add(Path.GetFullPath(Path.Combine(root, name)));
        }
        else
        {
            for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
                tried.Add(Path.Combine(folder.FullName, "models", name));
        }

        return tried.FirstOrDefault(Exists);
    }

    private static bool Exists(string path) => Directory.Exists(path) || File.Exists(path);

    private static ModelLoadException NotThere(string name, List<string> tried) =>
        new(name, $"nothing at {tried[0]}", $"give a full path, or set {RootVariable} to the folder that holds it");
}
