namespace Realign.Evaluation.Runs;

/// <summary>What the pictures of a run's folder are of. How fast they are drawn, and where the mesh is, is no part of it.</summary>
internal sealed record RunConfiguration
{
    /// <summary>Version of the files: a later one is not read.</summary>
    public const int CurrentVersion = 1;

    public int Version { get; init; } = CurrentVersion;

    /// <summary>The arms as they were written.</summary>
    public required IReadOnlyList<string> Arms { get; init; }

    /// <summary>Prompt sets.</summary>
    public required IReadOnlyList<SetConfiguration> Sets { get; init; }

    /// <summary>Seeds.</summary>
    public required IReadOnlyList<ulong> Seeds { get; init; }

    /// <summary>oracle or none.</summary>
    public required string Judge { get; init; }

    /// <summary>What differs between this run, which is there, and another; empty = nothing.</summary>
    public IReadOnlyList<string> Differences(RunConfiguration other)
    {
        var differences = new List<string>();
        Compare("version of the files", Version.ToString(), other.Version.ToString());
        Compare("arms", string.Join(' ', Arms), string.Join(' ', other.Arms));
        Compare("prompt sets", string.Join(' ', Sets.Select(set => $"{set.Name} ({set.Prompts})")),
            string.Join(' ', other.Sets.Select(set => $"{set.Name} ({set.Prompts})")));
        if (differences.Count == 0)
        {
            differences.AddRange(Sets.Zip(other.Sets).Where(pair => pair.First.Hash != pair.Second.Hash)
                .Select(pair => $"the prompts of {pair.First.Name} are others"));
        }

        Compare("seeds", string.Join(',', Seeds), string.Join(',', other.Seeds));
        Compare("judge", Judge, other.Judge);
        return differences;

        void Compare(string what, string there, string wanted)
        {
            if (there != wanted)
                differences.Add($"{what}: {there} there, {wanted} now");
        }
    }
}
