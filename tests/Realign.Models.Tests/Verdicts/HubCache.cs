namespace Realign.Models.Tests.Verdicts;

/// <summary>The layout of <c>huggingface_hub</c>: every file of a snapshot is a link into <c>blobs/</c>.</summary>
internal static class HubCache
{
    /// <summary>Stores a folder as an entry of a cache, and gives the entry and the snapshot.</summary>
    public static (string Entry, string Snapshot) Store(string source, string cache)
    {
        var entry = Path.Combine(cache, "models--owner--name");
        var snapshot = Path.Combine(entry, "snapshots", "0123456789abcdef0123456789abcdef01234567");
        var blobs = Directory.CreateDirectory(Path.Combine(entry, "blobs")).FullName;
        var number = 0;
        foreach (var file in Directory.EnumerateFiles(source, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
        {
            var blob = Path.Combine(blobs, $"{number++:x40}");
            File.Copy(file, blob);
            var link = Path.Combine(snapshot, Path.GetRelativePath(source, file));
            var folder = Directory.CreateDirectory(Path.GetDirectoryName(link)!).FullName;
            _ = File.CreateSymbolicLink(link, Path.GetRelativePath(folder, blob));
        }

        _ = Directory.CreateDirectory(Path.Combine(entry, "refs"));
        File.WriteAllText(Path.Combine(entry, "refs", "main"), Path.GetFileName(snapshot));
        return (entry, snapshot);
    }
}
