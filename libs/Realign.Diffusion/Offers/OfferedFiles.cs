using System.IO.Enumeration;
using Realign.Core.Errors;
using Realign.Core.Files;
using Realign.Core.Text;
using Realign.Safetensors;

namespace Realign.Diffusion.Offers;

/// <summary>The safetensors files below one folder, by name: the path inside it with <c>/</c>, without the ending.</summary>
/// <param name="folder">The folder; null = there are none.</param>
/// <param name="kind">What they are, for messages.</param>
/// <param name="setting">Which setting names the folder, for messages.</param>
/// <remarks>Its errors go to callers: they name the files, never where they lie.</remarks>
internal sealed class OfferedFiles(string? folder, string kind, string setting)
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
        [.. Paths(folder, IsOffered).Take(MaxFiles).Select(path => (NameOf(path), path)).OrderBy(item => item.Item1, StringComparer.Ordinal)];

    /// <summary>The path of a file.</summary>
    /// <exception cref="NotFoundException">There is no such file.</exception>
    /// <exception cref="ModelLoadException">There is a pickle of this name.</exception>
    public string Find(string field, string name)
    {
        // compared with what is there, never put into a path
        var all = All();
        if (all.FirstOrDefault(item => item.Name == name) is { Path: { } path })
            return path;
        var link = folder is null || !Directory.Exists(folder) ? null
            : Paths(folder, IsFolderLink).Select(NameOf).FirstOrDefault(link => name.StartsWith(link + "/", StringComparison.Ordinal));
        if (link is not null)
            throw new NotFoundException(field, name, $"'{link}' is a link to a folder, which is not followed", "put the files themselves there");
        if (folder is not null && Directory.Exists(folder) && Paths(folder, IsPickle).FirstOrDefault(path => WithoutExtension(path) == name) is { } pickle)
        {
            throw new ModelLoadException(Path.GetFileName(pickle), "it is a pickle: it runs code when loaded and is refused",
                $"use the {kind}'s .safetensors file, or convert it to .safetensors where you trust its publisher");
        }

        throw new NotFoundException(field, name, $"there is no such {kind}", all.Count == 0
            ? $"this service offers none: put safetensors files into a folder and name it in {setting}"
            : $"use one of {string.Join(", ", all.Take(20).Select(item => item.Name))}");
    }

    /// <summary>Opens a file under its name.</summary>
    /// <exception cref="ModelLoadException">It is no safetensors file, or lies elsewhere.</exception>
    public SafetensorsFile Open(string path)
    {
        var name = FileName(path);
        try
        {
            return FilePlace.IsInside(folder!, path)
                ? SafetensorsFile.Open(path)
                : throw new ModelLoadException(name, $"it is a link that leads out of the {kind} folder", "put the file itself there");
        }
        catch (ModelLoadException exception) when (exception.Path != name)
        {
            // what does not parse may be anything: none of its bytes are repeated
            throw new ModelLoadException(name, "it cannot be read as a safetensors file", "run realign models check on it where the service runs", exception);
        }
    }

    /// <summary>What a file is called in messages.</summary>
    public string FileName(string path) => NameOf(path) + Suffix;

    private static FileSystemEnumerable<string> Paths(string folder, FileSystemEnumerable<string>.FindPredicate isWanted) =>
        new(folder, (ref FileSystemEntry entry) => entry.ToFullPath(), Walk)
        {
            ShouldIncludePredicate = isWanted,
            ShouldRecursePredicate = (ref FileSystemEntry entry) => !entry.Attributes.HasFlag(FileAttributes.ReparsePoint),
        };

    private static bool IsOffered(ref FileSystemEntry entry) => !entry.IsDirectory && entry.FileName.EndsWith(Suffix, StringComparison.Ordinal);

    private static bool IsPickle(ref FileSystemEntry entry) => !entry.IsDirectory && FileMistakes.IsPickleName(entry.FileName.ToString());

    private static bool IsFolderLink(ref FileSystemEntry entry) => entry.IsDirectory && entry.Attributes.HasFlag(FileAttributes.ReparsePoint);

    private string WithoutExtension(string path) => CanonicalForm.Compose(Path.ChangeExtension(Path.GetRelativePath(folder!, path), null));

    // some file systems store accents apart from their letters
    private string NameOf(string path)
    {
        var relative = Path.GetRelativePath(folder!, path);
        return CanonicalForm.Compose(relative.EndsWith(Suffix, StringComparison.Ordinal) ? relative[..^Suffix.Length] : relative);
    }
}
