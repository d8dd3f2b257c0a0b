namespace Realign.Core.Errors;

/// <summary>A model folder or file cannot be loaded (FAILED_PRECONDITION). Lists every problem found, not only the first.</summary>
/// <param name="path">Folder or file.</param>
/// <param name="problems">One line per problem: missing, unexpected or mis-shaped key, unknown config value, truncated file.</param>
/// <param name="wayOut">What to do next.</param>
/// <param name="inner">The failure below, if any.</param>
public sealed class ModelLoadException(string path, IReadOnlyList<string> problems, string wayOut, Exception? inner = null)
    : RealignException($"{path}: {problems.Count} problem(s): {string.Join("; ", problems)}", wayOut, inner)
{
    /// <summary>A model folder or file with a single problem.</summary>
    public ModelLoadException(string path, string problem, string wayOut, Exception? inner = null)
        : this(path, [problem], wayOut, inner)
    {
    }

    /// <summary>Folder or file.</summary>
    public string Path { get; } = path;

    /// <summary>Every problem found.</summary>
    public IReadOnlyList<string> Problems { get; } = problems;
}
