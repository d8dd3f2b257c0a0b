using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Realign.Core.Errors;
using Realign.Models;

namespace Realign.Cli.Commands;

/// <summary><c>realign models</c>.</summary>
internal static class ModelsCommand
{
    private const int ShownProblems = 20;

    private static readonly JsonSerializerOptions Names = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower) },
    };

    public static Command Create(Terminal terminal) => new("models", "Looks at model folders.") { CreateCheck(terminal) };

    private static ExampleCommand CreateCheck(Terminal terminal)
    {
        var paths = new Argument<string[]>("path") { Description = "Folders or files as downloaded: a snapshot, a part of one, .gguf, .onnx, an adapter.", HelpName = "PATH", Arity = ArgumentArity.OneOrMore };
        var model = new Option<string?>("--for") { Description = "For adapters: the Stable Diffusion folder they must fit.", HelpName = "FOLDER" };
        var json = new Option<bool>("--json") { Description = "Print the result as JSON." };
        var command = new ExampleCommand("check", "Says what a folder or file is, whether every key and shape fits, its revision, memory and licence; reads no weights.",
            ["realign models check models/miniature", "realign models check ~/models/stable-diffusion-v1-5 --json", "realign models check style.safetensors --for ~/models/stable-diffusion-v1-5"],
            "Ends with 0 when everything can be loaded, with 1 when something does not fit, with 5 when nothing is there.")
        {
            paths, model, json,
        };
        command.SetAction(parsed => Check(terminal, parsed.GetRequiredValue(paths), parsed.GetValue(model), parsed.GetValue(json)));
        return command;
    }

    private static int Check(Terminal terminal, string[] paths, string? model, bool json)
    {
        List<ModelReport> reports;
        try
        {
            reports = [.. paths.SelectMany(path => ModelInspector.Inspect(path, model))];
        }
        catch (NotFoundException exception)
        {
            throw new CliException($"{exception.Message}: {exception.WayOut}", ExitCodes.NotReady);
        }

        if (json)
            terminal.Json(new JsonObject { ["models"] = JsonSerializer.SerializeToNode(reports, Names) });
        else
            reports.ForEach(report => Write(terminal, report));
        return reports.TrueForAll(report => report.Fits) ? ExitCodes.Success : ExitCodes.Failure;
    }

    private static void Write(Terminal terminal, ModelReport report)
    {
        terminal.Output.WriteLine($"{report.Path}: {report.Description}, {(report.Fits ? "fits" : "cannot be loaded")}");
        foreach (var fact in report.Facts)
            Line(terminal, "  ", fact);
        var rows = report.Parts.Select(part => new[]
        {
            Name(part), part.ClassName, string.Join(", ", part.StoredTypes), FormattableString.Invariant($"{part.Tensors} tensors"),
            FormattableString.Invariant($"{part.Parameters:#,0} parameters"), part.Problems.Count == 0 ? "fits" : $"{part.Problems.Count} problem(s)",
        }).ToList();
        foreach (var row in rows)
            Line(terminal, "  ", string.Join("  ", row.Select((cell, column) => cell.PadRight(rows.Max(other => other[column].Length)))).TrimEnd());
        foreach (var part in report.Parts.DistinctBy(part => part.Name).Where(part => part.Facts.Count > 0))
            Line(terminal, "  ", $"{part.Name}: {string.Join("; ", part.Facts)}");
        if (report.MemoryBytes.Count > 0)
            Line(terminal, "  memory of the weights: ", string.Join(", ", report.MemoryBytes.Select(item => $"{item.Key} {Size(item.Value)}")));
        Line(terminal, "  licence: ", report.Licence ?? "no licence file and no entry in a model card");
        foreach (var problem in report.Problems)
            Line(terminal, "  problem: ", problem);
        foreach (var part in report.Parts)
        {
            foreach (var problem in part.Problems.Take(ShownProblems))
                Line(terminal, "  problem: ", $"{Name(part)}: {problem}");
            if (part.Problems.Count > ShownProblems)
                Line(terminal, "  problem: ", $"{Name(part)}: {part.Problems.Count - ShownProblems} more, see --json");
        }

        terminal.Output.WriteLine();
    }

    private static string Name(PartReport part) => part.Variant is null ? part.Name : $"{part.Name} ({part.Variant})";

    // plain lines, so that a path or key is never broken by the width of a terminal
    private static void Line(Terminal terminal, string prefix, string text) => terminal.Output.WriteLine($"{prefix}{text}");

    private static string Size(long bytes) => bytes switch
    {
        < 1 << 20 => FormattableString.Invariant($"{bytes / 1024.0:0.0} KiB"),
        < 1 << 30 => FormattableString.Invariant($"{bytes / (double)(1 << 20):0.0} MiB"),
        _ => FormattableString.Invariant($"{bytes / (double)(1 << 30):0.00} GiB"),
    };
}
