using System.Collections.Concurrent;
using Realign.Core.Errors;
using Realign.Core.Files;
using Realign.Diffusion.Offers;
using Realign.Safetensors;

namespace Realign.Diffusion.Adapters;

/// <summary>Summaries of adapter files, each made once while its file stays as it is. Safe for any thread.</summary>
internal sealed class AdapterCatalog
{
    private const int MostProblems = 3;

    private readonly ConcurrentDictionary<string, (ModelFile File, AdapterSummary Summary)> _known = new(StringComparer.Ordinal);

    /// <summary>All that is there, in the order of the names.</summary>
    public IReadOnlyList<AdapterSummary> Read(OfferedFiles files, AdapterTargets targets, CancellationToken cancellation)
    {
        var all = files.All();
        var summaries = new List<AdapterSummary>(all.Count);
        foreach (var (name, path) in all)
        {
            cancellation.ThrowIfCancellationRequested();
            summaries.Add(One(files, name, path, targets));
        }

        foreach (var gone in _known.Keys.Except(all.Select(item => item.Path)).ToList())
            _ = _known.TryRemove(gone, out _);
        return summaries;
    }

    private AdapterSummary One(OfferedFiles files, string name, string path, AdapterTargets targets)
    {
        try
        {
            using var file = KnownOrOpen(files, path, out var known);
            if (known is not null)
                return known;
            var layout = AdapterLayout.Of(file!, targets);
            var summary = AdapterHeader.Describe(file!, name, layout.Contents) with { Problem = Text(layout.Problems) };
            file!.RequireUnchanged();
            _known[path] = (ModelFile.Find(path), summary);
            return summary;
        }
        catch (ModelLoadException exception)
        {
            return new AdapterSummary { Name = name, Problem = $"{Text(exception.Problems)}: {exception.WayOut}" };
        }
    }

    private SafetensorsFile? KnownOrOpen(OfferedFiles files, string path, out AdapterSummary? known)
    {
        known = _known.TryGetValue(path, out var before) && before.File.IsSameState(ModelFile.Find(path)) ? before.Summary : null;
        return known is null ? files.Open(path) : null;
    }

    private static string? Text(IReadOnlyList<string> problems) => problems.Count switch
    {
        0 => null,
        <= MostProblems => string.Join("; ", problems),
        _ => $"{string.Join("; ", problems.Take(MostProblems))}; and {problems.Count - MostProblems} more",
    };
}
