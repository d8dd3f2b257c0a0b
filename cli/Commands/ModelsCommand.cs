using System.CommandLine;

namespace Realign.Cli.Commands;

/// <summary><c>realign models</c>. The check needs every engine, so a program of its own does it (tools/ModelCheck), which this starts.</summary>
internal static class ModelsCommand
{
    private const int KilledBySignal = 128;

    private static readonly ToolProgram Checker = new("Realign.ModelCheck", "realign-model-check", "models are checked");

    public static Command Create(Terminal terminal) => new("models", "Looks at model folders and files.")
    {
        CreateCheck(terminal), CreateConvert(terminal),
    };

    private static ExampleCommand CreateCheck(Terminal terminal)
    {
        var paths = new Argument<string[]>("path")
        {
            Description = "Folders or files as downloaded: a snapshot, a part of one, a whole checkpoint in one file, .gguf, .onnx, an adapter; "
                + "hub:OWNER/NAME for what is in the Hugging Face cache.",
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
                "realign models check hub:stable-diffusion-v1-5/stable-diffusion-v1-5",
                "realign models check style.safetensors --for ~/models/stable-diffusion-v1-5",
            ],
            "Ends with 0 when everything can be loaded, with 1 when something does not fit, with 5 when nothing is there.")
        {
            paths, model, json,
        };
        command.SetAction((parsed, token) => CheckAsync(terminal, parsed.GetRequiredValue(paths), parsed.GetValue(model), parsed.GetValue(json), token));
        return command;
    }

    private static ExampleCommand CreateConvert(Terminal terminal)
    {
        var file = new Argument<string>("file") { Description = "A .safetensors checkpoint in the layout of the first authors.", HelpName = "FILE" };
        var folder = new Argument<string>("folder") { Description = "Folder to write; must not exist, or be empty.", HelpName = "FOLDER" };
        var command = new ExampleCommand("convert",
            "Writes a Stable Diffusion checkpoint in one file as a snapshot folder (diffusers' layout): the same numbers in the same types.",
            ["realign models convert ~/models/v1-5-pruned-emaonly.safetensors ~/models/stable-diffusion-v1-5"],
            "A Generator loads either. Configs are those of the published snapshot of its family; a folder config beside the file, in the layout of a "
            + "snapshot, wins and fills in what the file does not bring.")
        {
            file, folder,
        };
        command.SetAction((parsed, token) => RunAsync(terminal, ["convert", "--", parsed.GetRequiredValue(file), parsed.GetRequiredValue(folder)], token));
        return command;
    }

    private static Task<int> CheckAsync(Terminal terminal, string[] paths, string? model, bool json, CancellationToken cancellationToken)
    {
        string[] asJson = json ? ["--json"] : [];
        string[] baseModel = model is null ? [] : ["--for", model];
        return RunAsync(terminal, [.. asJson, .. baseModel, "--", .. paths], cancellationToken);
    }

    private static async Task<int> RunAsync(Terminal terminal, IReadOnlyList<string> arguments, CancellationToken cancellationToken)
    {
        var start = Checker.StartInfo(arguments);
        (start.RedirectStandardOutput, start.RedirectStandardError) = (true, true);
        using var process = Checker.Start(start);
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
}
