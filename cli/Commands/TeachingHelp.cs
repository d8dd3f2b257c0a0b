using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace Realign.Cli.Commands;

/// <summary>The usual help, then examples and exit codes.</summary>
internal sealed class TeachingHelp(HelpAction usual) : SynchronousCommandLineAction
{
    private static readonly string[] RootExamples =
    [
        "realign up                                              # start the six services",
        "realign realign \"a red car, a pink elephant and a blue chair\" --attempts 4   # until it is right; writes out/<time>/index.html",
        "realign status                                          # who answers, and how fast",
        "realign caption out/coarse.png --json                   # one model alone, for scripts",
        "realign down                                            # stop them",
    ];

    public override int Invoke(ParseResult parseResult)
    {
        var result = usual.Invoke(parseResult);
        var writer = parseResult.InvocationConfiguration.Output;
        var command = parseResult.CommandResult.Command;
        if (command is ExampleCommand { Notes.Length: > 0 } noted)
            writer.WriteLine($"{noted.Notes}{Environment.NewLine}");
        var examples = command switch
        {
            ExampleCommand taught => taught.Examples,
            _ => command.Name == RealignCli.ProgramName ? RootExamples : [],
        };
        if (examples.Count > 0)
        {
            writer.WriteLine("Examples:");
            foreach (var example in examples)
                writer.WriteLine($"  {example}");
            writer.WriteLine();
        }

        if (command.Name == RealignCli.ProgramName)
            writer.WriteLine(ExitCodes.Help);
        return result;
    }
}
