namespace Realign.Core.Files.Hub;

/// <summary>One model in the Hugging Face cache: a folder <c>models--OWNER--NAME</c> with <c>blobs</c>, <c>refs</c> and <c>snapshots</c>.</summary>
internal static class HubEntry
{
    /// <summary>
    /// Folders of its snapshots: the one that <c>main</c> was at last, then the others by the time they were made; with a revision (branch, tag or
    /// commit), that one alone.
    /// </summary>
    /// <param name="entry">Its folder.</param>
    /// <param name="revision">Null = all.</param>
    public static IReadOnlyList<string> Snapshots(string entry, string? revision = null)
    {
        var all = Path.Combine(entry, "snapshots");
        if (!Directory.Exists(all))
            return [];
        var commit = CommitOf(entry, revision ?? "main") ?? revision;
        List<string> first = commit is not null && Path.Combine(all, commit) is var named && Directory.Exists(named) ? [named] : [];
        return revision is not null ? first : [.. first, .. Directory.EnumerateDirectories(all).Except(first).OrderByDescending(Directory.GetLastWriteTimeUtc)];
    }

    private static string? CommitOf(string entry, string revision)
    {
        var file = Path.Combine(entry, "refs", revision);
        return File.Exists(file) && Path.GetFileName(File.ReadLines(file).FirstOrDefault("").Trim()) is { Length: > 0 } commit ? commit : null;
    }
}
