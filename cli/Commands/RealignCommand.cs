using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Realign.Cli.Page;
using Realign.Cli.Realigning;
using Realign.Cli.Verifying;
using Realign.V1;
using Realign.Wire.Mesh;

namespace Realign.Cli.Commands;

/// <summary><c>realign realign</c>.</summary>
internal static class RealignCommand
{
    private const string Explanation = """
        Every image is compared with what the prompt demands: each object is right, wrong, missing or not known, with the reason. An image
        is verified when all objects are there and nothing is contradicted. With --attempts N, attempt k draws with seed + k - 1, until one
        is verified; with several Generators attempts run side by side.
        With one PROMPT, the folder gets result.png, the image that was taken; coarse.png and refined.png of its attempt (the coarse image
        again where nothing was refined), masks.png, heatmaps.png, with several attempts attempt-K/coarse.png and attempt-K/refined.png,
        stages.json with everything the models said, and index.html with all of it on one page.
        With --prompts-file, it gets LINE-SEED-result.png, LINE-SEED-coarse.png, LINE-SEED-refined.png and LINE-SEED-stages.json for each line
        of the file (counted from 1, empty lines are passed over) and each seed; what is there already is not done again.
        """;

    public static Command Create(Terminal terminal)
    {
        var prompt = new Argument<string?>("prompt") { Description = "What the image shall show.", HelpName = "PROMPT", Arity = ArgumentArity.ZeroOrOne };
        var folder = new Option<string?>("--out") { Description = "Folder to write [out/<time>].", HelpName = "DIR" };
        var seed = new Option<ulong?>("--seed") { Description = "Seed of the start noise of both images [random, and reported].", HelpName = "N" };
        var promptsFile = new Option<string?>("--prompts-file") { Description = "Work through a file with one prompt per line.", HelpName = "FILE" };
        var seeds = new Option<string?>("--seeds") { Description = "Seeds for --prompts-file [0].", HelpName = "N,N,..." };
        var onFailure = new Option<string>("--on-stage-failure")
        {
            Description = "When a stage after the coarse image fails: fail, or end well with the coarse image.",
            HelpName = "fail|skip-to-coarse",
            DefaultValueFactory = _ => "fail",
        };
        _ = onFailure.AcceptOnlyFromAmong("fail", "skip-to-coarse");
        var noHeatMaps = new Option<bool>("--no-heat-maps") { Description = "Leave the attention heat maps out." };
        var gateway = CommonOptions.Address(MeshService.Gateway);
        var deadline = CommonOptions.Deadline(600);
        var json = CommonOptions.Json();
        var sampling = new SamplingOptions();
        var modulation = new ModulationOptions();
        var attempts = new AttemptOptions();
        var command = new ExampleCommand("realign", "Generates an image, reads it back with four other models, generates it again so that every "
            + "object is there, and says what it shows.",
            [
                "realign realign \"a red car, a pink elephant and a blue chair\" --attempts 4",
                "realign realign \"a black cat to the left of a red chair\" --seed 7 --out out/cat --preset paper",
                "realign realign --prompts-file prompts.txt --seeds 0,1 --out out/list",
                "realign realign \"a red car\" --require-verified --json | jq .verification",
            ], Explanation)
        {
            prompt, folder, seed, promptsFile, seeds, onFailure, noHeatMaps, gateway, deadline, json,
        };
        attempts.AddTo(command);
        sampling.AddTo(command);
        modulation.AddTo(command);
        command.Validators.Add(result =>
        {
            if (result.GetValue(prompt) is null == result.GetValue(promptsFile) is null)
                result.AddError("say what to generate: either PROMPT or --prompts-file FILE");
            if (result.GetValue(promptsFile) is not null && result.GetValue(folder) is null)
                result.AddError("--prompts-file needs --out DIR");
            if (result.GetValue(promptsFile) is null && result.GetValue(seeds) is not null)
                result.AddError("--seeds belongs to --prompts-file; use --seed with one prompt");
            if (result.GetValue(promptsFile) is not null && result.GetResult(seed) is not null)
                result.AddError("--seed belongs to one prompt; use --seeds with --prompts-file");
            if (result.GetValue(promptsFile) is not null && result.GetResult(json) is not null)
                result.AddError("--json belongs to one prompt; with --prompts-file each LINE-SEED-stages.json holds the same");
        });
        command.SetAction(async (parsed, token) =>
        {
            using var channel = terminal.Connect(MeshService.Gateway, parsed.GetValue(gateway));
            RealignRequest Request(string text, ulong? value, bool heatMaps)
            {
                var generate = sampling.Request(parsed, text, value);
                generate.Modulation = modulation.Modulation(parsed);
                var request = new RealignRequest
                {
                    Generate = generate,
                    HeatMaps = heatMaps,
                    OnStageFailure = parsed.GetValue(onFailure) == "fail" ? OnStageFailure.Fail : OnStageFailure.SkipToCoarse,
                };
                attempts.Apply(parsed, request);
                return request;
            }

            if (parsed.GetValue(promptsFile) is { } file)
            {
                var list = new PromptList(terminal, channel, parsed.GetValue(folder)!, parsed.GetValue(deadline), attempts.RequiresVerified(parsed));
                return await list.RunAsync(file, Seeds(parsed.GetValue(seeds)), (text, value) => Request(text, value, heatMaps: false), token);
            }

            var target = parsed.GetValue(folder)
                ?? Path.Combine("out", TimeProvider.System.GetLocalNow().ToString("yyyy-MM-dd-HH-mm-ss", CultureInfo.InvariantCulture));
            OutputFolder.Check(target);
            var asJson = parsed.GetValue(json);
            var request = Request(parsed.GetValue(prompt)!, parsed.GetValue(seed), !parsed.GetValue(noHeatMaps));
            var record = await StageBars.RunAsync(terminal, asJson, bars =>
                RealignRunner.RunAsync(channel, request, parsed.GetValue(deadline), bars, asJson ? null : terminal.Messages, token));
            var files = await ResultFolder.WriteAsync(record, target, SameAgain.CommandLine(parsed, record.FirstSeed), token);
            Report(terminal, record, target, files, asJson);
            if (!attempts.RequiresVerified(parsed) || record.IsVerified)
                return ExitCodes.Success;
            terminal.Error($"the image is not verified: {WhyNot(record)}. It is in {target} all the same");
            return ExitCodes.NotVerified;
        });
        return command;
    }

    private static List<ulong> Seeds(string? text)
    {
        var seeds = new List<ulong>();
        foreach (var part in (text ?? "0").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            seeds.Add(InvariantNumbers.TryRead<ulong>(part, out var seed)
                ? seed
                : throw new CliException($"'{part}' of --seeds is not a seed: use whole numbers from 0 on, separated by commas", ExitCodes.Usage));
        }

        return seeds.Count > 0 ? [.. seeds.Distinct()] : throw new CliException("--seeds names no seed", ExitCodes.Usage);
    }

    private static void Report(Terminal terminal, RealignRecord record, string folder, IReadOnlyList<string> files, bool json)
    {
        if (json)
        {
            var node = record.ToJson();
            node["files"] = new JsonArray([.. files.Select(path => JsonValue.Create(path))]);
            terminal.Json(node);
            return;
        }

        foreach (var attempt in record.Attempts)
        {
            foreach (var (stage, failure) in attempt.Failures)
                terminal.Error($"{(record.Attempts.Count > 1 ? $"attempt {attempt.Number}, " : "")}{StageBars.NameOf(stage)}: {failure.Message}");
        }

        if (!record.Result.Refined)
            terminal.Note($"not refined: {record.Result.NotRefinedBecause}");
        foreach (var note in Notes.Of(record.Coarse, record.Accepted.Refined))
            terminal.Note(note);
        foreach (var unused in record.Result.Unused.Where(_ => record.Result.Refined))
            terminal.Note($"{unused.Phrase}: {unused.Reason}");
        if (record.Result.Accepted is { } accepted)
        {
            terminal.Output.WriteLine($"accepted: {VerdictWords.NameOf(accepted.Attempt, accepted.Picture)}: "
                + VerdictWords.Reason(accepted, record.Attempts.Count));
        }

        var page = Path.Combine(folder, "index.html");
        terminal.Output.WriteLine(FormattableString.Invariant($"{page}  ({record.Result.TotalMilliseconds / 1000:0.0} s, seed {record.Seed})"));
    }

    private static string WhyNot(RealignRecord record) => record.Result.Verification is not { } verification
        ? "the gateway did not compare it with the prompt"
        : Finding.Wrongs(record.Demand, verification) is { Length: > 0 } wrongs ? wrongs : VerdictWords.Summary(verification);
}
