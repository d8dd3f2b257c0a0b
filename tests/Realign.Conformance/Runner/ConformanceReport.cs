using System.Globalization;

namespace Realign.Conformance.Runner;

/// <summary>Writes results for people: a line per case, and a table per suite.</summary>
public static class ConformanceReport
{
    /// <summary>Name, largest error, tolerance, verdict; the mismatches below it.</summary>
    public static void WriteLine(ConformanceResult result)
    {
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{(result.Passed ? "pass" : "FAIL")}  {result.Suite}/{result.Name}  error {result.WorstError:g3}  tolerance "
                + $"{result.Tolerance:g3}{(result.WorstTensor is { } tensor ? $"  at {tensor}" : "")}"));
        foreach (var failure in result.Failures.Take(5))
            Console.WriteLine($"      {failure}");
        if (result.Failures.Count > 5)
            Console.WriteLine($"      and {result.Failures.Count - 5} more");
    }

    /// <summary>Markdown: per suite the number of cases, how many passed, and the case nearest to its tolerance.</summary>
    public static void WriteTable(string path, IReadOnlyList<ConformanceResult> results)
    {
        using var writer = new StreamWriter(path);
        writer.WriteLine("# Conformance");
        writer.WriteLine();
        writer.WriteLine("Written by `./test --conformance FOLDER --table docs/conformance.md`; do not edit. An error of 0 means that only exact "
            + "comparisons were made.");
        writer.WriteLine();
        writer.WriteLine("| part | cases | passed | nearest to its tolerance | largest error | tolerance |");
        writer.WriteLine("|---|---|---|---|---|---|");
        foreach (var suite in results.GroupBy(result => result.Suite))
        {
            var worst = suite.MaxBy(result => result.Tolerance > 0 ? result.WorstError / result.Tolerance : result.WorstError)!;
            writer.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"| {suite.Key} | {suite.Count()} | {suite.Count(result => result.Passed)} | {worst.Name} | {worst.WorstError:g3} | {worst.Tolerance:g3} |"));
        }

        foreach (var failed in results.Where(result => !result.Passed))
        {
            writer.WriteLine();
            writer.WriteLine($"**{failed.Suite}/{failed.Name}** fails: {string.Join("; ", failed.Failures.Take(3))}");
        }
    }
}
