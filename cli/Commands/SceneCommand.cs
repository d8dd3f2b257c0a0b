using System.CommandLine;
using Realign.Cli.Connections;
using Realign.V1;
using Realign.Wire.Mesh;
using Spectre.Console;

namespace Realign.Cli.Commands;

/// <summary><c>realign scene</c>.</summary>
internal static class SceneCommand
{
    public static Command Create(Terminal terminal)
    {
        var prompt = new Argument<string>("prompt") { Description = "The prompt.", HelpName = "PROMPT" };
        var tags = new Option<string[]>("--tags") { Description = "Tags found in the image.", HelpName = "TAG,TAG", AllowMultipleArgumentsPerToken = true };
        var entities = new Option<bool>("--entities") { Description = "List the objects of the prompt with their attributes instead." };
        var address = CommonOptions.Address(MeshService.SceneScorer);
        var deadline = CommonOptions.Deadline(120);
        var json = CommonOptions.Json();
        var command = new ExampleCommand("scene", "Scores tags by how likely an image of the prompt shows them (SceneScorer, Llama): 2 = certainly, 0.5 "
            + "= possibly, 0 = not.",
            ["realign scene \"a red car and a pink elephant\" --tags car,banana", "realign scene \"two black dogs\" --entities --json"])
        {
            prompt, tags, entities, address, deadline, json,
        };
        command.SetAction(async (parsed, token) =>
        {
            using var channel = terminal.Connect(MeshService.SceneScorer, parsed.GetValue(address));
            var client = new SceneScorerService.SceneScorerServiceClient(channel.Invoker);
            var options = ServiceChannel.Options(parsed.GetValue(deadline), token);
            var text = parsed.GetRequiredValue(prompt);
            if (parsed.GetValue(entities))
            {
                var found = await client.ExtractEntitiesAsync(new ExtractEntitiesRequest { Prompt = text }, options);
                if (parsed.GetValue(json))
                    terminal.Json(found);
                else
                    terminal.Console.Write(Table(found));
                return ExitCodes.Success;
            }

            var request = new ScoreSceneRequest { Prompt = text };
            request.Tags.AddRange((parsed.GetValue(tags) ?? []).SelectMany(value =>
                value.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)));
            var response = await client.ScoreSceneAsync(request, options);
            if (parsed.GetValue(json))
                terminal.Json(response);
            else
                terminal.Console.Write(Table(response));
            return ExitCodes.Success;
        });
        return command;
    }

    private static Table Table(ScoreSceneResponse response)
    {
        var table = new Table().Border(TableBorder.Simple).AddColumns("object", "score", "phrase", "count", "found by")
            .Caption($"answered by the {(response.Origin == AnswerOrigin.Rule ? "word-matching rule" : "model")}");
        foreach (var entry in response.Entries)
        {
            var source = entry.Source == EntrySource.Missing ? "the prompt only" : "tag";
            _ = table.AddRow(Markup.Escape(entry.Tag), FormattableString.Invariant($"{entry.Score:0.#}"), Markup.Escape(entry.Phrase),
                entry.Count == 0 ? "-" : FormattableString.Invariant($"{entry.Count}"),
                entry.Origin == AnswerOrigin.Rule && response.Origin == AnswerOrigin.Model ? $"{source}, by rule" : source);
        }

        return table;
    }

    private static Table Table(ExtractEntitiesResponse response)
    {
        var table = new Table().Border(TableBorder.Simple).AddColumns("object", "attributes", "count");
        foreach (var entity in response.Entities)
            _ = table.AddRow(Markup.Escape(entity.Noun), Markup.Escape(string.Join(", ", entity.Attributes)), entity.Count == 0 ? "-"
                : FormattableString.Invariant($"{entity.Count}"));
        return table;
    }
}
