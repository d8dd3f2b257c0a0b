using Realign.Evaluation.Arms;
using Realign.Evaluation.Prompts;

namespace Realign.Evaluation.Runs;

/// <summary>What a run draws.</summary>
/// <param name="Arms">The arms.</param>
/// <param name="Sets">The prompts.</param>
/// <param name="Seeds">The seeds.</param>
/// <param name="WithOracle">Whether the oracle judges.</param>
internal sealed record RunPlan(IReadOnlyList<Arm> Arms, IReadOnlyList<PromptSet> Sets, IReadOnlyList<ulong> Seeds, bool WithOracle)
{
    /// <summary>The same, as it is kept in the run's folder.</summary>
    public RunConfiguration Configuration => new()
    {
        Arms = [.. Arms.Select(arm => arm.Spec)],
        Sets = [.. Sets.Select(set => new SetConfiguration(set.Name, set.Prompts.Count, set.Hash))],
        Seeds = Seeds,
        Judge = WithOracle ? "oracle" : "none",
    };

    /// <summary>All pictures.</summary>
    public int Pictures => Arms.Count * Sets.Sum(set => set.Prompts.Count) * Seeds.Count;

    /// <summary>Prompts and seeds of which pictures are missing, with the arms they are missing of.</summary>
    public IReadOnlyList<RunJob> Missing(IEnumerable<PictureKey> there)
    {
        var done = there.ToHashSet();
        return [.. from set in Sets
                   from prompt in set.Prompts
                   from seed in Seeds
                   let arms = Arms.Where(arm => !done.Contains(new PictureKey(arm.Name, set.Name, prompt.Index, seed))).ToList()
                   where arms.Count > 0
                   select new RunJob(prompt, seed, arms)];
    }
}
