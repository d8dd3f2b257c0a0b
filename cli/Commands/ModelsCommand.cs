using System.CommandLine;
using System.Diagnostics;

namespace Realign.Cli.Commands;

/// <summary><c>realign models</c>. The check needs every engine, so a program of its own does it (tools/ModelCheck), which this starts.</summary>
internal static class ModelsCommand
{
    private const string Project = "Realign.ModelCheck";
    private const string Program = "realign-model-check";
    private const int KilledBySignal = 128;

    public static Command Create(Terminal terminal) => new("models", "Looks at model folders.") { CreateCheck(terminal) };

    private static ExampleCommand CreateCheck(Terminal terminal)
    {
        var paths = new Argument<string[]>("path")
        {
            Description = "Folders or files as downloaded: a snapshot, a part of one, .gguf, .onnx, an adapter.",
            HelpName = "PATH",
            Arity = ArgumentArity.OneOrMore,
        };
        var model = new Option<string?>("--for") { Description = "For adapters: the Stable Diffusion folder they must fit.", HelpName = "FOLDER" };
        var json = new Option<bool>("--json") { Description = "Print the result as JSON." };
        var command = new ExampleCommand("check",
            "Says what a folder or file is and whether a service would load it: keys, shapes, numbers, revision, memory and license; reads every weight once.",
            [
                "realign models check models/miniature",
                "realign models check ~/models/stable-diffusion-v1-5 --json",
                "realign models check style.safetensors --for ~/models/stable-diffusion-v1-5",
            ],
            "Ends with 0 when everything can be loaded, with 1 when something does not fit, with 5 when nothing is there.")
        {
            paths, model, json,
        };
        command.SetAction((parsed, token) => CheckAsync(terminal, parsed.GetRequiredValue(paths), parsed.GetValue(model), parsed.GetValue(json), token));
        return command;
    }

    private static async Task<int> CheckAsync(Terminal terminal, string[] paths, string? model, bool json, CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo(Find()) { RedirectStandardOutput = true, RedirectStandardError = true };
        if (json)
            start.ArgumentList.Add("--json");
        foreach (var argument in (string[])[.. model is null ? Array.Empty<string>() : ["--for", model], "--", .. paths])
            start.ArgumentList.Add(argument);
        // it runs on the runtime that runs this program
        _ = start.Environment.TryAdd("DOTNET_ROOT", Path.GetFullPath(Path.Combine(Path.GetDirectoryName(typeof(object).Assembly.Location)!, "..", "..", "..")));
        using var process = Process.Start(start) ?? throw new CliException($"{Program} could not be started", ExitCodes.Failure);
        try
        {
            var error = process.StandardError.ReadToEndAsync(cancellationToken);
            while (await process.StandardOutput.ReadLineAsync(cancellationToken) is { } line)
                await terminal.Output.WriteLineAsync(line);
            await process.WaitForExitAsync(cancellationToken);
            var message = (await error).Trim();
            if (process.ExitCode >= KilledBySignal)
            {
                throw new CliException(
                    $"an engine ended while it read the model (signal {process.ExitCode - KilledBySignal}): a service would end too. Download the file again",
                    ExitCodes.Failure);
            }

            if (process.ExitCode is not (ExitCodes.Success or ExitCodes.Failure))
                throw new CliException(message.Replace("error: ", "", StringComparison.Ordinal), process.ExitCode);
            if (message.Length > 0)
                terminal.Note(message);
            return process.ExitCode;
        }
        finally
        {
            if (!process.HasExited)
                process.Kill(entireProcessTree: true);
        }
    }

    // outputs of projects lie side by side, each in a folder of the same name for the configuration
    private static string Find()
    {
        var own = new DirectoryInfo(Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory));
        var program = Path.Combine(own.Parent?.Parent?.FullName ?? "/", Project, own.Name, Program);
        return File.Exists(program)
            ? program
            : throw new CliException(
                $"{program} is not there: models are checked in a checkout, where ./run builds it (images of services have only their own engine)",
                ExitCodes.Failure);
    }
}
