using Realign.Core.Errors;

namespace Realign.Core.Files.Hub;

/// <summary>
/// The Hugging Face hub's cache on this machine: what was downloaded with <c>hf download</c> or by a Python program is found by its name. Nothing is
/// downloaded and nothing is asked of the network.
/// </summary>
/// <param name="folder">The folder with the <c>models--OWNER--NAME</c> entries.</param>
public sealed class HubCache(string folder)
{
    private const int ShownNames = 6;
    private const string EntryPrefix = "models--";

    /// <summary>
    /// The user's cache by the rules of huggingface_hub: <c>HF_HUB_CACHE</c>, else <c>HUGGINGFACE_HUB_CACHE</c>, else <c>hub</c> in <c>HF_HOME</c>, in
    /// <c>XDG_CACHE_HOME/huggingface</c> or in <c>~/.cache/huggingface</c>.
    /// </summary>
    /// <param name="variable">Reads a variable of the environment.</param>
    public static HubCache OfUser(Func<string, string?> variable)
    {
        ArgumentNullException.ThrowIfNull(variable);
        var home = Variable("HOME") ?? Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        var cache = Variable("HF_HUB_CACHE") ?? Variable("HUGGINGFACE_HUB_CACHE")
            ?? Path.Combine(Variable("HF_HOME") ?? Path.Combine(Variable("XDG_CACHE_HOME") ?? Path.Combine(home, ".cache"), "huggingface"), "hub");
        return new HubCache(cache == "~" || cache.StartsWith("~/", StringComparison.Ordinal) ? Path.Join(home, cache.AsSpan(1)) : cache);

        string? Variable(string name) => variable(name) is { Length: > 0 } value ? value : null;
    }

    /// <summary>The same, of this process, for a name as a setting has it.</summary>
    /// <exception cref="ModelLoadException">As of <see cref="Find"/>; or it is no name of the hub.</exception>
    public static string Resolve(string name) => OfUser(Environment.GetEnvironmentVariable).Find(HubName.Parse(name));

    /// <summary>
    /// The folder of the newest complete snapshot, or a file in it. The revision that <c>main</c> was at last comes first, then the others by the time
    /// they were made; with a revision, that one alone.
    /// </summary>
    /// <exception cref="ModelLoadException">It was not downloaded, or not completely: each snapshot is named with what it lacks.</exception>
    public string Find(HubName name)
    {
        ArgumentNullException.ThrowIfNull(name);
        var entry = Path.Combine(folder, EntryPrefix + name.Repository.Replace("/", "--", StringComparison.Ordinal));
        var revision = name.Revision is null ? "" : $" --revision {name.Revision}";
        var wayOut = $"download it: hf download {name.Repository}{revision}{(name.File is null ? "" : " " + name.File)}";
        if (!Directory.Exists(entry))
            throw new ModelLoadException(name.ToString(), $"it is not in the cache {folder}{Others()}", wayOut);
        var lacking = new List<string>();
        foreach (var snapshot in HubEntry.Snapshots(entry, name.Revision))
        {
            var found = name.File is null ? snapshot : Path.Combine(snapshot, name.File);
            var lacks = name.File is null ? HubSnapshot.Lacks(snapshot) : FileStatus.Of(found).Kind == FileKind.Regular ? [] : [$"it has no {name.File}"];
            if (lacks.Count == 0)
                return found;
            lacking.Add($"snapshot {Path.GetFileName(snapshot)}: {string.Join(", ", lacks)}");
        }

        if (lacking.Count == 0)
            lacking.Add($"the cache has no snapshot of {(name.Revision is null ? "it" : name.Revision)}");
        if (Unfinished(entry) is { } unfinished)
            lacking.Add(unfinished);
        throw new ModelLoadException(name.ToString(), lacking, wayOut);
    }

    private static string? Unfinished(string entry)
    {
        var blobs = Path.Combine(entry, "blobs");
        if (!Directory.Exists(blobs))
            return null;
        List<FileInfo> parts = [.. new DirectoryInfo(blobs).EnumerateFiles("*.incomplete")];
        return parts.Count == 0 ? null : $"{parts.Count} download(s) did not end ({parts.Sum(part => part.Length) >> 20} MiB of them are there)";
    }

    private string Others()
    {
        if (!Directory.Exists(folder))
            return ", which does not exist";
        List<string> names = [.. Directory.EnumerateDirectories(folder, EntryPrefix + "*")
            .Select(entry => Path.GetFileName(entry)[EntryPrefix.Length..].Replace("--", "/", StringComparison.Ordinal)).Order(StringComparer.Ordinal)];
        var more = names.Count > ShownNames ? ", ..." : "";
        return names.Count == 0 ? ", which has no models" : $"; there are: {string.Join(", ", names.Take(ShownNames))}{more}";
    }
}
