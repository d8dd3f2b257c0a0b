using Realign.Core.Errors;
using Realign.Safetensors;

namespace Realign.Models;

/// <summary>Collects what loading a model would complain about, and the ways out.</summary>
internal sealed class Findings
{
    private readonly List<string> _problems = [];
    private readonly List<string> _waysOut = [];

    public IReadOnlyList<string> Problems => _problems;

    public IReadOnlyList<string> WaysOut => _waysOut;

    public void Add(string problem) => _problems.Add(problem);

    public void AddRange(IEnumerable<string> problems) => _problems.AddRange(problems);

    /// <summary>Takes over a refusal; problems of a file inside the model are headed by its name.</summary>
    public void Add(RealignException failure, bool withFileName)
    {
        var prefix = withFileName && failure is ModelLoadException load ? $"{Path.GetFileName(load.Path)}: " : "";
        _problems.AddRange(ProblemsOf(failure).Select(problem => prefix + problem));
        if (!_waysOut.Contains(failure.WayOut))
            _waysOut.Add(failure.WayOut);
    }

    /// <summary>Reads something; its problems are added and null is returned.</summary>
    public T? Try<T>(Func<T> read)
        where T : class?
    {
        try
        {
            return read();
        }
        catch (RealignException failure)
        {
            Add(failure, withFileName: true);
            return null;
        }
    }

    /// <summary>Reads every number of a file; those that are not finite are added.</summary>
    /// <exception cref="ModelLoadException">The file was changed meanwhile.</exception>
    public void CheckNumbers(SafetensorsFile file)
    {
        var numbers = file.Entries.Keys.Select(file.FindNonFinite).OfType<string>().ToList();
        if (numbers.Count > 0)
            Add(new ModelLoadException(file.Path, numbers, SafetensorsFile.NonFiniteWayOut), withFileName: false);
        file.RequireUnchanged();
    }

    /// <summary>Loads something as a service does, and lets it go again.</summary>
    public void TryLoad(Func<IDisposable> load)
    {
        try
        {
            load().Dispose();
        }
        catch (RealignException failure)
        {
            Add(failure, withFileName: false);
        }
    }

    /// <summary>Every problem of a refusal.</summary>
    public static IReadOnlyList<string> ProblemsOf(RealignException failure) => failure is ModelLoadException load ? load.Problems : [failure.Message];

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
