using System.CommandLine;
using Realign.Core.Errors;
using Realign.Core.Files.Hub;
using Realign.Models;

namespace Realign.ModelCheck;

/// <summary>
/// Says what model folders are and whether a service would load them. A program of its own, because it needs every engine (libtorch, ONNX
/// Runtime, llama.cpp), and <c>realign models check</c>, which starts it, needs none; and because an engine that a file ends ends only this.
/// </summary>
internal static class ModelCheckCommand
{
    private const int Fits = 0;
    private const int DoesNotFit = 1;
    private const int NothingThere = 5;

    public static RootCommand Create(TextWriter output, TextWriter error)
    {
        var paths = new Argument<string[]>("path") { Description = "Folders, files or names of the hub.", Arity = ArgumentArity.OneOrMore };
        var model = new Option<string?>("--for") { Description = "For adapters: the Stable Diffusion folder they must fit." };
        var json = new Option<bool>("--json") { Description = "Print the result as JSON." };
        var command = new RootCommand("Says what model folders are and whether a service would load them (realign models check).")
        {
            paths, model, json, ModelConvertCommand.Create(output, error),
        };
        command.SetAction(parsed => Check(output, error, parsed.GetRequiredValue(paths), parsed.GetValue(model), parsed.GetValue(json)));
        return command;
    }

    private static int Check(TextWriter output, TextWriter error, string[] paths, string? model, bool json)
    {
        List<ModelReport> reports;
        try
        {
            reports = [.. paths.SelectMany(path => ModelInspector.Inspect(Place(path), model is null ? null : Place(model)))];
        }
        catch (NotFoundException exception)
        {
            error.WriteLine($"error: {exception.Message}: {exception.WayOut}");
            return NothingThere;
        }
        catch (ModelLoadException exception)
        {
            error.WriteLine($"error: {exception.Message}: {exception.WayOut}");
            return NothingThere;
        }

        if (json)
            ReportText.WriteJson(output, reports);
        else
            reports.ForEach(report => ReportText.Write(output, report));
        return reports.TrueForAll(report => report.Fits) ? Fits : DoesNotFit;
    }

    private static string Place(string name) => HubName.IsOne(name) ? HubCache.Resolve(name) : name;
}
