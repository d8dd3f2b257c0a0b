using System.IO.Enumeration;
using Realign.Core.Errors;
using Realign.Core.Files;
using Realign.Core.Text;
using Realign.Safetensors;

namespace Realign.Diffusion.Adapters;

/// <summary>The safetensors files below one folder, by name: the path inside it with <c>/</c>, without the ending.</summary>
/// <param name="folder">The folder; null = there are none.</param>
/// <remarks>Its errors go to callers: they name adapters, never where the files lie.</remarks>
internal sealed class AdapterFiles(string? folder)
{
    private const string Suffix = ".safetensors";
    private const int MaxDepth = 8;
    private const int MaxFiles = 10_000;

    // files may be links, what they lead to is judged when they are opened; folders that are links are not walked into
    private static readonly EnumerationOptions Walk = new()
    {
        RecurseSubdirectories = true,
        MaxRecursionDepth = MaxDepth,
        AttributesToSkip = 0,
        IgnoreInaccessible = true,
    };

    /// <summary>All names with their paths, in the order of the names.</summary>
    public IReadOnlyList<(string Name, string Path)> All() => folder is null || !Directory.Exists(folder) ? [] :
        [.. Paths(folder, isFolderLink: false).Take(MaxFiles).Select(path => (NameOf(path), path)).OrderBy(item => item.Item1, StringComparer.Ordinal)];

    /// <summary>The path of an adapter.</summary>
    /// <exception cref="NotFoundException">There is no such adapter.</exception>
    public string Find(string field, string name)
    {
        // compared with what is there, never put into a path
        var all = All();
        if (all.FirstOrDefault(item => item.Name == name) is { Path: { } path })
            return path;
        var link = folder is null || !Directory.Exists(folder) ? null
            : Paths(folder, isFolderLink: true).Select(NameOf).FirstOrDefault(link => name.StartsWith(link + "/", StringComparison.Ordinal));
        if (link is not null)
            throw new NotFoundException(field, name, $"'{link}' is a link to a folder, which is not followed", "put the files themselves there");
        throw new NotFoundException(field, name, "there is no such adapter", all.Count == 0
            ? "this service offers none: put safetensors files into a folder and name it in Generator:Adapters"
            : $"use one of {string.Join(", ", all.Take(20).Select(item => item.Name))}");
    }

    /// <summary>Opens an adapter under its name.</summary>
    /// <exception cref="ModelLoadException">It is no safetensors file, or lies elsewhere.</exception>
    public SafetensorsFile Open(string path)
    {
        var name = FileName(path);
        try
        {
            return FilePlace.IsInside(folder!, path)
                ? SafetensorsFile.Open(path)
                : throw new ModelLoadException(name, "it is a link that leads out of the adapter folder", "put the file itself there");
        }
        catch (ModelLoadException exception) when (exception.Path != name)
        {
            // what does not parse may be anything: none of its bytes are repeated
            throw new ModelLoadException(name, "it cannot be read as a safetensors file", "run realign models check on it where the service runs", exception);
        }
    }

    /// <summary>What a file is called in messages.</summary>
    public string FileName(string path) => NameOf(path) + Suffix;

    private static FileSystemEnumerable<string> Paths(string folder, bool isFolderLink) =>
        new(folder, (ref FileSystemEntry entry) => entry.ToFullPath(), Walk)
        {
            ShouldIncludePredicate = (ref FileSystemEntry entry) => isFolderLink
                ? entry.IsDirectory && entry.Attributes.HasFlag(FileAttributes.ReparsePoint)
                : !entry.IsDirectory && entry.FileName.EndsWith(Suffix, StringComparison.Ordinal),
            ShouldRecursePredicate = (ref FileSystemEntry entry) => !entry.Attributes.HasFlag(FileAttributes.ReparsePoint),
        };

    // some file systems store accents apart from their letters
    private string NameOf(string path)
    {
        var relative = Path.GetRelativePath(folder!, path);
        return CanonicalForm.Compose(relative.EndsWith(Suffix, StringComparison.Ordinal) ? relative[..^Suffix.Length] : relative);
    }
}
