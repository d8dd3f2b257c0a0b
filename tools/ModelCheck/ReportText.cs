using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Realign.Models;

namespace Realign.ModelCheck;

/// <summary>A report for the eye, in plain lines (a path or key is never broken by the width of a terminal), and as JSON.</summary>
internal static class ReportText
{
    private const int ShownProblems = 20;

    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower) },
    };

    public static void WriteJson(TextWriter output, IReadOnlyList<ModelReport> reports) =>
        output.WriteLine(JsonSerializer.Serialize(new { Models = reports }, Json));

    public static void Write(TextWriter output, ModelReport report)
    {
        output.WriteLine($"{report.Path}: {report.Description}, {(report.Fits ? "fits" : "cannot be loaded")}");
        foreach (var fact in report.Facts)
            output.WriteLine($"  {fact}");
        var rows = report.Parts.Select(part => new[]
        {
            Name(part), part.ClassName, string.Join(", ", part.StoredTypes), FormattableString.Invariant($"{part.Tensors} tensors"),
            FormattableString.Invariant($"{part.Parameters:#,0} parameters"), part.Problems.Count == 0 ? "fits" : $"{part.Problems.Count} problem(s)",
        }).ToList();
        foreach (var row in rows)
            output.WriteLine($"  {string.Join("  ", row.Select((cell, column) => cell.PadRight(rows.Max(other => other[column].Length)))).TrimEnd()}");
        foreach (var part in report.Parts.DistinctBy(part => part.Name).Where(part => part.Facts.Count > 0))
            output.WriteLine($"  {part.Name}: {string.Join("; ", part.Facts)}");
        if (report.MemoryBytes.Count > 0)
            output.WriteLine($"  memory of the weights: {string.Join(", ", report.MemoryBytes.Select(item => $"{item.Key} {Size(item.Value)}"))}");
        output.WriteLine($"  license: {report.License ?? "no license file and no entry in a model card"}");
        WriteProblems(output, "", report.Problems, report.WaysOut);
        foreach (var part in report.Parts)
            WriteProblems(output, $"{Name(part)}: ", part.Problems, part.WaysOut);
        output.WriteLine();
    }

    private static void WriteProblems(TextWriter output, string prefix, IReadOnlyList<string> problems, IReadOnlyList<string> waysOut)
    {
        foreach (var problem in problems.Take(ShownProblems))
            output.WriteLine($"  problem: {prefix}{problem}");
        if (problems.Count > ShownProblems)
            output.WriteLine($"  problem: {prefix}{problems.Count - ShownProblems} more, see --json");
        foreach (var wayOut in waysOut)
            output.WriteLine($"  way out: {prefix}{wayOut}");
    }

    private static string Name(PartReport part) => part.Variant is null ? part.Name : $"{part.Name} ({part.Variant})";

    private static string Size(long bytes) => bytes switch
    {
        < 1 << 20 => FormattableString.Invariant($"{bytes / 1024.0:0.0} KiB"),
        < 1 << 30 => FormattableString.Invariant($"{bytes / (double)(1 << 20):0.0} MiB"),
        _ => FormattableString.Invariant($"{bytes / (double)(1 << 30):0.00} GiB"),
    };
}
