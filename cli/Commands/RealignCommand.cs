using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Realign.Cli.Page;
using Realign.Cli.Realigning;
using Realign.V1;
using Realign.Wire.Mesh;

namespace Realign.Cli.Commands;

/// <summary><c>realign realign</c>.</summary>
internal static class RealignCommand
{
    private const string Explanation = """
        With one PROMPT, the folder gets coarse.png, refined.png (the coarse image again where nothing could be refined), masks.png,
        heatmaps.png, stages.json with everything the models said, and index.html with all of it on one page.
        With --prompts-file, it gets LINE-SEED-coarse.png, LINE-SEED-refined.png and LINE-SEED-stages.json for each line of the file
        (counted from 1, empty lines are passed over) and each seed; what is there already is not done again.
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
        var command = new ExampleCommand("realign", "Generates an image, reads it back with four other models, and generates it again so that every "
            + "object is there.",
            [
                "realign realign \"a red car and a pink elephant\"",
                "realign realign \"a black cat to the left of a red chair\" --seed 7 --out out/cat --step-fraction 0.4",
                "realign realign --prompts-file prompts.txt --seeds 0,1 --out out/list",
                "realign realign \"a red car\" --json | jq .timings",
            ], Explanation)
        {
            prompt, folder, seed, promptsFile, seeds, onFailure, noHeatMaps, gateway, deadline, json,
        };
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
                return new RealignRequest
                {
                    Generate = generate,
                    HeatMaps = heatMaps,
                    OnStageFailure = parsed.GetValue(onFailure) == "fail" ? OnStageFailure.Fail : OnStageFailure.SkipToCoarse,
                };
            }

            if (parsed.GetValue(promptsFile) is { } file)
            {
                var list = new PromptList(terminal, channel, parsed.GetValue(folder)!, parsed.GetValue(deadline));
                return await list.RunAsync(file, Seeds(parsed.GetValue(seeds)), (text, value) => Request(text, value, heatMaps: false), token);
            }

            var target = parsed.GetValue(folder)
                ?? Path.Combine("out", TimeProvider.System.GetLocalNow().ToString("yyyy-MM-dd-HH-mm-ss", CultureInfo.InvariantCulture));
            OutputFolder.Check(target);
            var asJson = parsed.GetValue(json);
            var request = Request(parsed.GetValue(prompt)!, parsed.GetValue(seed), !parsed.GetValue(noHeatMaps));
            var record = await StageBars.RunAsync(terminal, asJson, bars => RealignRunner.RunAsync(channel, request, parsed.GetValue(deadline), bars, token));
            await WriteAsync(record, target, SameAgain.CommandLine(parsed, record.Seed), token);
            Report(terminal, record, target, asJson);
            return ExitCodes.Success;
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

    private static async Task WriteAsync(RealignRecord record, string folder, string sameAgain, CancellationToken cancellationToken)
    {
        _ = Directory.CreateDirectory(folder);
        var masks = record.MasksPng();
        var heatMaps = record.HeatMapsPng();
        await File.WriteAllBytesAsync(Path.Combine(folder, "coarse.png"), record.Coarse.Images[0].Png.ToByteArray(), cancellationToken);
        await File.WriteAllBytesAsync(Path.Combine(folder, "refined.png"), record.Result.Png.ToByteArray(), cancellationToken);
        await File.WriteAllBytesAsync(Path.Combine(folder, "masks.png"), masks, cancellationToken);
        if (heatMaps is not null)
            await File.WriteAllBytesAsync(Path.Combine(folder, "heatmaps.png"), heatMaps, cancellationToken);
        await File.WriteAllTextAsync(Path.Combine(folder, "stages.json"), Terminal.ToText(record.ToJson()), cancellationToken);
        await File.WriteAllTextAsync(Path.Combine(folder, "index.html"), ResultPage.Build(record, heatMaps, sameAgain), cancellationToken);
    }

    private static void Report(Terminal terminal, RealignRecord record, string folder, bool json)
    {
        var page = Path.Combine(folder, "index.html");
        if (json)
        {
            var node = record.ToJson();
            node["files"] = new JsonArray([.. Directory.GetFiles(folder).Order(StringComparer.Ordinal).Select(path => JsonValue.Create(path))]);
            terminal.Json(node);
            return;
        }

        foreach (var (stage, failure) in record.Failures)
            terminal.Error($"{StageBars.NameOf(stage)}: {failure.Message}");
        if (!record.Result.Refined)
            terminal.Note($"not refined: {record.Result.NotRefinedBecause}");
        foreach (var note in Notes.Of(record.Coarse, record.Refined))
            terminal.Note(note);
        foreach (var unused in record.Result.Unused.Where(_ => record.Result.Refined))
            terminal.Note($"{unused.Phrase}: {unused.Reason}");
        terminal.Output.WriteLine(FormattableString.Invariant($"{page}  ({record.Result.TotalMilliseconds / 1000:0.0} s, seed {record.Seed})"));
    }
}
