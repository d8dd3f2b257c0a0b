using System.CommandLine;
using Realign.Cli.Connections;
using Realign.Cli.Mesh;
using Realign.Wire.Mesh;

namespace Realign.Cli.Commands;

/// <summary><c>realign up</c>.</summary>
internal static class UpCommand
{
    private static readonly string[] Sections = [.. MeshService.All.Select(service => service.Section), "Hosting", "Logging"];

    public static Command Create(Terminal terminal)
    {
        var portBase = new Option<int>("--port-base")
        {
            Description = "Port of the gateway; the other services take the five after it [REALIGN_PORT_BASE, else 5100].",
            HelpName = "PORT",
            DefaultValueFactory = _ => PortBase(),
        };
        portBase.Validators.Add(result =>
        {
            if (result.Tokens is [var token] && InvariantNumbers.TryRead<int>(token.Value, out var port) && port is < 1 or > 65_530)
                result.AddError("--port-base takes 1 to 65530");
        });
        var settings = new Option<string[]>("--set")
        {
            Description = "A setting for the services, e.g. Generator:DType=float16. May be repeated.",
            HelpName = "SECTION:NAME=VALUE"
        };
        settings.Validators.Add(result =>
        {
            foreach (var setting in result.Tokens.Select(token => token.Value).Where(setting => !IsSetting(setting)))
                result.AddError($"--set takes SECTION:NAME=VALUE with one of the sections {string.Join(", ", Sections)}, not '{setting}'");
        });
        var programs = new Option<string?>("--programs")
        {
            Description = "Folder that holds Realign.Generator/Realign.Generator and so on [the build "
            + "this program belongs to].",
            HelpName = "DIR"
        };
        var timeout = new Option<double>("--timeout")
        {
            Description = "Seconds that loading the models may take.",
            HelpName = "SECONDS",
            DefaultValueFactory = _ => 300
        };
        timeout.Validators.Add(result =>
        {
            if (result.Tokens is [var token] && InvariantNumbers.TryRead<double>(token.Value, out var seconds) && seconds is not (> 0 and <= 86_400))
                result.AddError("--timeout takes more than 0 and at most 86400 seconds");
        });
        var command = new ExampleCommand("up", "Starts the six services on this machine, each as a process of its own, and waits until all of them serve.",
            ["realign up", "realign up --port-base 6100 --set Generator:Model=/models/sd15"],
            "Services that run already are left alone. Logs are kept in .realign/, with those of the last five starts; the services listen on 127.0.0.1 only.")
        {
            portBase, settings, programs, timeout,
        };
        command.SetAction(async (parsed, token) =>
        {
            await new MeshLauncher(terminal, MeshFolder.Find()).StartAsync(
                parsed.GetValue(programs), parsed.GetValue(portBase), parsed.GetValue(settings) ?? [], TimeSpan.FromSeconds(parsed.GetValue(timeout)), token);
            return ExitCodes.Success;
        });
        return command;
    }

    private static int PortBase() => Environment.GetEnvironmentVariable("REALIGN_PORT_BASE") is not { Length: > 0 } text
        ? MeshService.FirstPort
        : InvariantNumbers.TryRead<int>(text, out var port) && port is >= 1 and <= 65_530
            ? port
            : throw new CliException($"REALIGN_PORT_BASE takes 1 to 65530, not '{text}'", ExitCodes.Usage);

    private static bool IsSetting(string text)
    {
        var name = text.Split('=', 2)[0];
        return text.Contains('=', StringComparison.Ordinal) && Sections.Any(section => name.StartsWith($"{section}:", StringComparison.OrdinalIgnoreCase));
    }
}
