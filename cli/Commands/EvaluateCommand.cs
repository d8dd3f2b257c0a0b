using System.CommandLine;
using System.Diagnostics;
using Realign.Cli.Connections;
using Realign.Cli.Mesh;
using Realign.Wire.Mesh;

namespace Realign.Cli.Commands;

/// <summary>
/// <c>realign evaluate</c>. CLIP features need libtorch, so a program of its own does it (tools/Evaluation): its options are passed on as they are.
/// </summary>
internal static class EvaluateCommand
{
    private const string GatewayOption = "--gateway";
    private const string HelpArgument = "help";

    /// <summary>What the program needs to finish the lines that it is writing.</summary>
    private static readonly TimeSpan TimeToEnd = TimeSpan.FromSeconds(30);

    private static readonly ToolProgram Evaluation = new("Realign.Evaluation", "realign-evaluation", "evaluations run");

    public static Command Create()
    {
        var command = new ExampleCommand("evaluate",
            "Compares configurations of the flow on many prompts and seeds, judged by an oracle that no model of the mesh knows: figures, intervals, pictures.",
            [
                "realign evaluate help                                   # arms, sets and options",
                "realign evaluate --arm base --arm fine --arm verified --arm attempts=4 --set mini-three --out out/three",
                "realign evaluate --arm base --arm strong=fine:power=1,fraction=0.5 --prompts mine.txt --limit 20 --out out/mine",
            ],
            "Its options are listed by: realign evaluate help. What is drawn is kept: after Ctrl-C, a failure or a full disk the same command goes on.")
        {
            TreatUnmatchedTokensAsErrors = false,
        };
        command.SetAction((parsed, token) => RunAsync([.. parsed.UnmatchedTokens], token));
        return command;
    }

    private static async Task<int> RunAsync(string[] arguments, CancellationToken cancellationToken)
    {
        if (arguments is [] or [HelpArgument])
            arguments = ["--help"];
        else if (!Array.Exists(arguments, argument => argument == GatewayOption || argument.StartsWith($"{GatewayOption}=", StringComparison.Ordinal)))
            arguments = [.. arguments, GatewayOption, MeshFolder.Find().AddressOf(MeshService.Gateway, null)];
        using var process = Evaluation.Start(Evaluation.StartInfo(arguments));
        await using var asked = cancellationToken.UnsafeRegister(_ => Signals.Send(process.Id, Signals.Terminate), null);
        await EndAsync(process, cancellationToken);
        return process.ExitCode;
    }

    private static async Task EndAsync(Process process, CancellationToken cancellationToken)
    {
        try
        {
            await process.WaitForExitAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            using var patience = new CancellationTokenSource(TimeToEnd);
            try
            {
                await process.WaitForExitAsync(patience.Token);
            }
            catch (OperationCanceledException)
            {
                process.Kill(entireProcessTree: true);
                throw;
            }
        }
    }
}
