using Realign.Core.Errors;

namespace Realign.Models;

/// <summary>Collects what loading a file would complain about.</summary>
internal static class Findings
{
    /// <summary>Reads something; its problems are added to the list and null is returned.</summary>
    public static T? Try<T>(List<string> problems, Func<T> read)
        where T : class
    {
        try
        {
            return read();
        }
        catch (ModelLoadException exception)
        {
            problems.AddRange(exception.Problems.Select(problem => $"{Path.GetFileName(exception.Path)}: {problem}"));
            return null;
        }
    }

    /// <summary>Sum over parts, each counted in one variant only.</summary>
    public static IReadOnlyDictionary<string, long> TorchMemory(IEnumerable<PartReport> parts)
    {
        var largest = parts.GroupBy(part => part.Name).Select(group => group.MaxBy(part => part.Parameters)!).ToList();
        var parameters = largest.Sum(part => part.Parameters);
        var kept = largest.Where(part => part.StaysFloat32).Sum(part => part.Parameters);
        return parameters == 0
            ? new Dictionary<string, long>()
            : new Dictionary<string, long> { ["float32"] = parameters * 4, ["float16"] = (parameters + kept) * 2, ["bfloat16"] = parameters * 2 };
    }
}
