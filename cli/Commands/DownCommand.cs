using System.CommandLine;
using Realign.Cli.Connections;
using Realign.Cli.Mesh;

namespace Realign.Cli.Commands;

/// <summary><c>realign down</c>.</summary>
internal static class DownCommand
{
    public static Command Create(Terminal terminal)
    {
        var force = new Option<bool>("--force") { Description = "Do not wait for calls in progress." };
        var command = new ExampleCommand("down", "Stops the services that `realign up` started; calls in progress may finish.",
            ["realign down", "realign down --force"])
        {
            force,
        };
        command.SetAction(async (parsed, token) =>
        {
            await new MeshLauncher(terminal, MeshFolder.Find()).StopAsync(parsed.GetValue(force), token);
            return ExitCodes.Success;
        });
        return command;
    }
}
