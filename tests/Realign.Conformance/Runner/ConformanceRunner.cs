using System.Diagnostics;
using System.Reflection;

namespace Realign.Conformance.Runner;

/// <summary>Finds the suites of this assembly, runs every case of a pack and reports one line each.</summary>
public static class ConformanceRunner
{
    /// <summary>All suites, in the order of their folders.</summary>
    public static IReadOnlyList<IConformanceSuite> Suites() =>
        [.. Assembly.GetExecutingAssembly().GetTypes()
            .Where(type => type is { IsAbstract: false, IsInterface: false } && type.IsAssignableTo(typeof(IConformanceSuite)))
            .Select(type => (IConformanceSuite)Activator.CreateInstance(type)!)
            .OrderBy(suite => suite.Folder, StringComparer.Ordinal)];

    /// <summary>Runs the pack.</summary>
    /// <param name="pack">Root folder of the pack.</param>
    /// <param name="filter">Only cases whose <c>suite/name</c> contains this; null = all.</param>
    /// <param name="report">Gets each result as soon as it is known.</param>
    public static List<ConformanceResult> Run(string pack, string? filter, Action<ConformanceResult> report)
    {
        var results = new List<ConformanceResult>();
        foreach (var suite in Suites())
        {
            using var held = suite as IDisposable;
            var folder = Path.Combine(pack, suite.Folder);
            if (!Directory.Exists(folder))
                continue;
            foreach (var conformanceCase in Cases(suite, folder))
            {
                if (filter is not null && !$"{suite.Folder}/{conformanceCase.Name}".Contains(filter, StringComparison.Ordinal))
                    continue;
                var result = RunOne(suite.Folder, conformanceCase);
                results.Add(result);
                report(result);
            }
        }

        return results;
    }

    // a part whose list of cases cannot be read is a case that fails, and the other parts still run
    private static List<ConformanceCase> Cases(IConformanceSuite suite, string folder)
    {
        var cases = new List<ConformanceCase>();
        try
        {
            foreach (var conformanceCase in suite.Cases(folder))
                cases.Add(conformanceCase);
        }
        catch (Exception exception)
        {
            cases.Add(new ConformanceCase("cases", context =>
                context.Fail($"the list of cases ends after {cases.Count - 1}: {exception.GetType().Name}: {exception.Message}")));
        }

        return cases;
    }

    private static ConformanceResult RunOne(string suite, ConformanceCase conformanceCase)
    {
        var context = new CaseContext();
        var watch = Stopwatch.StartNew();
        try
        {
            using var scope = TorchSharp.torch.NewDisposeScope();
            conformanceCase.Run(context);
            if (context.Comparisons == 0 && context.Failures.Count == 0)
                context.Fail("the case compared nothing");
        }
        catch (Exception exception)
        {
            context.Fail($"{exception.GetType().Name}: {exception.Message} {exception.StackTrace?.Split('\n').FirstOrDefault()?.Trim()}");
        }

        return new ConformanceResult(suite, conformanceCase.Name, context.WorstError, context.WorstTolerance, context.WorstTensor, context.Failures,
            watch.Elapsed);
    }
}
