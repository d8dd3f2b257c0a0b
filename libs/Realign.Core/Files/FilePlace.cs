namespace Realign.Core.Files;

/// <summary>Where a file really lies.</summary>
public static class FilePlace
{
    /// <summary>
    /// Whether a file, with every link followed, lies in a folder, or where the Hugging Face cache keeps the files of that folder:
    /// <c>NAME/snapshots/REVISION</c> holds links into <c>NAME/blobs</c>.
    /// </summary>
    public static bool IsInside(string folder, string path)
    {
        try
        {
            var root = RealFolder(Path.GetFullPath(folder));
            var file = new FileInfo(path);
            var home = RealFolder(Path.GetDirectoryName((file.ResolveLinkTarget(returnFinalTarget: true) ?? file).FullName)!);
            return IsBelow(home, root) || (Path.GetDirectoryName(root) is { } revisions && Path.GetFileName(revisions) == "snapshots"
                && home == Path.Combine(Path.GetDirectoryName(revisions)!, "blobs"));
        }
        catch (IOException)
        {
            // links in a circle lead nowhere
            return false;
        }
    }

    private static bool IsBelow(string folder, string root) =>
        folder == root || folder.StartsWith(Path.EndsInDirectorySeparator(root) ? root : root + Path.DirectorySeparatorChar, StringComparison.Ordinal);

    // folders may be links too, at any height
    private static string RealFolder(string folder)
    {
        var name = Path.TrimEndingDirectorySeparator(folder);
        if (Path.GetDirectoryName(name) is not { } parent)
            return folder;
        var real = new DirectoryInfo(Path.Combine(RealFolder(parent), Path.GetFileName(name)));
        return real.ResolveLinkTarget(returnFinalTarget: true) is { } target ? RealFolder(target.FullName) : real.FullName;
    }
}
