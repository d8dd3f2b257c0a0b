using System.CommandLine;

namespace Realign.Cli.Commands;

/// <summary><c>realign completion</c>.</summary>
internal static class CompletionCommand
{
    public static Command Create(Terminal terminal)
    {
        var shell = new Argument<string>("shell") { Description = "The shell.", HelpName = "bash" };
        _ = shell.AcceptOnlyFromAmong("bash");
        var command = new ExampleCommand("completion", "Prints a script that completes commands and options when Tab is pressed.",
            ["source <(realign completion bash)                     # this shell", "realign completion bash >> ~/.bashrc                  # every new one"])
        {
            shell,
        };
        command.SetAction(_ =>
        {
            using var stream = typeof(CompletionCommand).Assembly.GetManifestResourceStream("completion.bash")!;
            using var reader = new StreamReader(stream);
            terminal.Output.Write(reader.ReadToEnd());
        });
        return command;
    }
}
