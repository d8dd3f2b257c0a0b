using System.CommandLine;
using System.Globalization;

namespace Realign.Evaluation;

/// <summary>
/// Compares configurations of the flow. A program of its own, because it needs libtorch for CLIP features, and <c>realign evaluate</c>, which starts it,
/// needs no engine.
/// </summary>
internal static class EvaluationCommand
{
    private const int Cancelled = 130;
    private const string Help = """
        Compares configurations of the flow (realign evaluate): draws prompts x seeds for every arm, judges every picture, and writes report.json,
        report.csv and index.html into the folder. Pictures are kept as they come: an interrupted run goes on when the command is repeated.

        Arms: [NAME=]base|fine|verified|attempts=N[:key=value,...]
          base        the coarse image, as the Generator draws it
          fine        the refined image, as published
          verified    one attempt; the better of its two images
          attempts=N  the best image of up to N attempts
        Keys: guidance, steps, scheduler, adapter=NAME@STRENGTH, gateway=ADDRESS, generator=ADDRESS (base only), and of the fine stage power, fraction,
        cross, self, gain, mode=exact|safe, embeddings=on|off, extend=on|off.
        Arms are compared with the first base arm.
        """;

    /// <summary>Parses and runs a command line.</summary>
    /// <returns>An exit code of <c>realign</c>.</returns>
    public static async Task<int> RunAsync(string[] args, TextWriter output, TextWriter error, CancellationToken cancellationToken)
    {
        var parsed = Create(args, output, error).Parse(args);
        try
        {
            return await parsed.InvokeAsync(
                new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null, Output = output, Error = error },
                cancellationToken) is var code && parsed.Errors.Count > 0 ? EvaluationException.Usage : code;
        }
        catch (EvaluationException exception)
        {
            await error.WriteLineAsync($"error: {exception.Message}");
            return exception.ExitCode;
        }
        catch (OperationCanceledException)
        {
            await error.WriteLineAsync("cancelled: everything drawn is kept, the same command goes on");
            return Cancelled;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            await error.WriteLineAsync($"error: {exception.Message}. Everything written before is kept: when there is room, the same command goes on");
            return EvaluationException.Failure;
        }
    }

    private static RootCommand Create(string[] args, TextWriter output, TextWriter error)
    {
        var arms = new Option<string[]>("--arm")
        {
            Description = "A configuration; several.",
            HelpName = "ARM",
            Arity = ArgumentArity.OneOrMore,
            Required = true,
        };
        var sets = new Option<string[]>("--set") { Description = "A prompt set of the repository; several. [mini-three]", HelpName = "NAME" };
        var prompts = new Option<string[]>("--prompts") { Description = "A file with one prompt per line; several.", HelpName = "FILE" };
        var quick = new Option<bool>("--quick") { Description = "The first 200 prompts of every set: the default." };
        var full = new Option<bool>("--full") { Description = "All prompts." };
        var limit = new Option<int?>("--limit") { Description = "So many prompts of every set.", HelpName = "N" };
        var seeds = new Option<string>("--seeds")
        {
            Description = "Seeds, separated by commas. Further attempts draw with the next ones: keep them 16 apart.",
            HelpName = "LIST",
            DefaultValueFactory = _ => "0,16",
        };
        var folder = new Option<string>("--out") { Description = "Folder of the run.", HelpName = "FOLDER", Required = true };
        var gateway = new Option<string>("--gateway")
        {
            Description = "The Gateway; realign evaluate finds it by itself.",
            HelpName = "ADDRESS",
            DefaultValueFactory = _ => "http://127.0.0.1:5100",
        };
        var parallel = new Option<int>("--parallel") { Description = "Prompts at once, 1 to 64.", HelpName = "N", DefaultValueFactory = _ => 2 };
        var judge = new Option<string>("--judge")
        {
            Description = "oracle: for prompts of the embedded world. none: only models judge, for published checkpoints.",
            DefaultValueFactory = _ => "oracle",
        };
        _ = judge.AcceptOnlyFromAmong("oracle", "none");
        var clip = new Option<string?>("--clip") { Description = "CLIP folder for the Fréchet distance. [models/miniature/clip]", HelpName = "FOLDER" };
        var noSharing = new Option<bool>("--no-sharing") { Description = "A call for every arm, even where the pictures are the same." };
        var command = new RootCommand(Help) { arms, sets, prompts, quick, full, limit, seeds, folder, gateway, parallel, judge, clip, noSharing };
        command.SetAction((parsed, token) => new Evaluation(output, error).RunAsync(new EvaluationOptions
        {
            Arms = parsed.GetValue(arms)!,
            Sets = parsed.GetValue(sets) ?? [],
            PromptFiles = parsed.GetValue(prompts) ?? [],
            Limit = Limit(parsed.GetValue(quick), parsed.GetValue(full), parsed.GetValue(limit)),
            Seeds = Seeds(parsed.GetValue(seeds)!),
            Folder = parsed.GetValue(folder)!,
            Gateway = parsed.GetValue(gateway)!,
            Parallel = parsed.GetValue(parallel),
            WithOracle = parsed.GetValue(judge) == "oracle",
            ClipFolder = parsed.GetValue(clip),
            Shares = !parsed.GetValue(noSharing),
            Command = CommandLine(args),
        }, token));
        return command;
    }

    /// <summary>The command without the Gateway's address, which is another one each time.</summary>
    private static string CommandLine(string[] args)
    {
        var kept = args.Where((arg, index) => arg != "--gateway" && (index == 0 || args[index - 1] != "--gateway"));
        return $"realign evaluate {string.Join(' ', kept.Select(arg => arg.Contains(' ', StringComparison.Ordinal) ? $"\"{arg}\"" : arg))}";
    }

    private static int Limit(bool quick, bool full, int? limit)
    {
        if ((quick ? 1 : 0) + (full ? 1 : 0) + (limit is null ? 0 : 1) > 1)
            throw new EvaluationException("--quick, --full and --limit exclude one another: use one of them", EvaluationException.Usage);
        return limit switch
        {
            null => full ? int.MaxValue : Prompts.PromptSet.Quick,
            >= 1 => limit.Value,
            _ => throw new EvaluationException($"--limit {limit}: at least one prompt is needed", EvaluationException.Usage),
        };
    }

    private static List<ulong> Seeds(string text)
    {
        var seeds = text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(part =>
            ulong.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out var seed)
                ? seed
                : throw new EvaluationException($"'{part}' of --seeds is not a seed: use whole numbers from 0 on, separated by commas",
                    EvaluationException.Usage)).Distinct().ToList();
        return seeds.Count > 0 ? seeds : throw new EvaluationException("--seeds names no seed: write for example 0,16", EvaluationException.Usage);
    }
}
