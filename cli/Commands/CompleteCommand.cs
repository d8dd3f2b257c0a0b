using System.CommandLine;

namespace Realign.Cli.Commands;

/// <summary><c>realign complete</c>: what the completion script asks. Not listed.</summary>
internal static class CompleteCommand
{
    public static Command Create(Terminal terminal, Command root)
    {
        var position = new Argument<int>("position");
        var line = new Argument<string>("line");
        var command = new Command("complete", "Lists what can follow.") { position, line };
        command.Hidden = true;
        command.SetAction(parsed =>
        {
            var text = parsed.GetRequiredValue(line);
            foreach (var item in root.Parse(text, RealignCli.Parsing).GetCompletions(Math.Clamp(parsed.GetValue(position), 0, text.Length)))
                terminal.Output.WriteLine(item.InsertText ?? item.Label);
        });
        return command;
    }
}
