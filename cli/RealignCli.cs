using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;
using System.Diagnostics;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text.RegularExpressions;
using Grpc.Core;
using Realign.Cli.Commands;
using Realign.Cli.Connections;

namespace Realign.Cli;

/// <summary>The command line.</summary>
internal static partial class RealignCli
{
    /// <summary>How it is called from a checkout.</summary>
    public const string ProgramName = "./realign";

    /// <summary>A prompt may begin with @: it never names a file with further arguments.</summary>
    public static ParserConfiguration Parsing { get; } = new() { ResponseFileTokenReplacer = null };

    /// <summary>Parses and runs a command line.</summary>
    /// <returns>One of <see cref="ExitCodes"/>.</returns>
    public static async Task<int> RunAsync(string[] args, TextWriter output, TextWriter error, CancellationToken cancellationToken = default)
    {
        // all calls of a command are one trace: services write its id behind each of them
        using var trace = new Activity(ProgramName).Start();
        var terminal = new Terminal(output, error);
        var parsed = BuildRoot(terminal).Parse(args, Parsing);
        if (parsed.Action is ParseErrorAction wrong)
            return await RefuseAsync(terminal, parsed, wrong, error);
        try
        {
            var configuration = new InvocationConfiguration
            {
                EnableDefaultExceptionHandler = false,
                // signals are the program's own matter: see Interruption
                ProcessTerminationTimeout = null,
                Output = output,
                Error = error,
            };
            return await parsed.InvokeAsync(configuration, cancellationToken);
        }
        catch (CliException exception)
        {
            terminal.Error(exception.Message);
            return exception.ExitCode;
        }
        catch (RpcException exception)
        {
            terminal.Error(Explain(exception, terminal.CalledAddress));
            return ExitCodes.Of(exception.StatusCode);
        }
        catch (OperationCanceledException)
        {
            terminal.Error("cancelled");
            return ExitCodes.Cancelled;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            terminal.Error(exception.Message);
            return ExitCodes.Failure;
        }
    }

    internal static Command BuildRoot(Terminal terminal)
    {
        // a RootCommand is named after the program and could not hold a command of the same name
        var root = new Command(ProgramName, "Realigns text-to-image diffusion with what other models read in the picture: coarse image, tags, caption, "
            + "scene scores, masks, refined image.")
        {
            RealignCommand.Create(terminal),
            GenerateCommand.Create(terminal),
            CaptionCommand.Create(terminal),
            TagCommand.Create(terminal),
            SceneCommand.Create(terminal),
            SegmentCommand.Create(terminal),
            RewardCommand.Create(terminal),
            EvaluateCommand.Create(),
            BenchCommand.Create(terminal),
            ModelsCommand.Create(terminal),
            AdaptersCommand.Create(terminal),
            KeysCommand.Create(terminal),
            StatusCommand.Create(terminal),
            UpCommand.Create(terminal),
            DownCommand.Create(terminal),
            CompletionCommand.Create(terminal),
        };
        var help = new HelpOption();
        help.Action = new TeachingHelp((HelpAction)help.Action!);
        root.Options.Add(help);
        root.Options.Add(new VersionOption());
        root.Subcommands.Add(CompleteCommand.Create(terminal, root));
        InvariantNumbers.ApplyTo(root);
        return root;
    }

    private static async Task<int> RefuseAsync(Terminal terminal, ParseResult parsed, ParseErrorAction action, TextWriter error)
    {
        using var usual = new StringWriter();
        action.ShowHelp = false;
        _ = await parsed.InvokeAsync(new InvocationConfiguration { Output = usual, Error = usual });
        await error.WriteLineAsync(WrongBoolean().Replace(usual.ToString().Trim(), "${name} takes true or false, not '${value}'."));
        terminal.Note($"what is possible: {string.Join(' ', Path(parsed.CommandResult))} --help");
        return ExitCodes.Usage;
    }

    [GeneratedRegex(@"Cannot parse argument '(?<value>.*)' for option '(?<name>.*)' as expected type '.*Boolean.*'\.")]
    private static partial Regex WrongBoolean();

    private static IEnumerable<string> Path(CommandResult result) =>
        result.Parent is CommandResult parent ? Path(parent).Append(result.Command.Name) : [result.Command.Name];

    private static string Explain(RpcException exception, string? address)
    {
        var speaksAnother = false;
        var isSecure = address?.StartsWith("https:", StringComparison.OrdinalIgnoreCase) == true;
        for (var cause = exception.Status.DebugException; cause is not null; cause = cause.InnerException)
        {
            if (cause is SocketException { SocketErrorCode: not (SocketError.ConnectionReset or SocketError.Shutdown) })
                return $"nothing answers at {address}. Start the mesh with ./run (or: realign up), or name another address; realign status shows who answers";
            if (cause is AuthenticationException)
            {
                return $"TLS with what answers at {address} failed: {(cause.InnerException ?? cause).Message} Name the file of its authority in "
                    + $"{TlsVariables.Authorities}, or the address with the name that is in its certificate";
            }

            speaksAnother |= cause is HttpRequestException or IOException;
        }

        if (speaksAnother)
        {
            var problem = isSecure
                ? $"broke the connection: it wants a certificate that {TlsVariables.Certificate} does not name, or does not speak gRPC"
                : "does not speak gRPC (HTTP/2 without TLS; with TLS write https://)";
            return $"what answers at {address} {problem}. Name the address of a service of the mesh, or start it on other ports: realign up --port-base PORT";
        }

        return exception.StatusCode switch
        {
            StatusCode.DeadlineExceeded when exception.Status.Detail.Length == 0 => "the deadline passed. Give it more time with --deadline SECONDS",
            StatusCode.Cancelled => "cancelled",
            StatusCode.Unimplemented => $"what answers at {address} is another service, or another version of this one. realign status shows who is where",
            _ => exception.Status.Detail,
        };
    }
}
