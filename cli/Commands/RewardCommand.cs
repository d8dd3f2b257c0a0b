using System.CommandLine;
using Realign.Cli.Connections;
using Realign.V1;
using Realign.Wire.Mesh;
using Spectre.Console;

namespace Realign.Cli.Commands;

/// <summary><c>realign reward</c>.</summary>
internal static class RewardCommand
{
    public static Command Create(Terminal terminal)
    {
        var prompt = new Argument<string>("prompt") { Description = "The prompt.", HelpName = "PROMPT" };
        var images = new Argument<string[]>("images") { Description = "PNG, JPEG or WebP files.", HelpName = "IMAGE...", Arity = ArgumentArity.OneOrMore };
        var rewards = new Option<string>("--rewards")
        {
            Description = $"Rewards with their weights: {string.Join(", ", RewardNames.Kinds.Keys)}.",
            HelpName = "NAME[=W],...",
            DefaultValueFactory = _ => "caption",
        };
        var encoder = new Option<string?>("--text-encoder")
        {
            Description = "f_enc of the caption reward: paper or official-code [what is loaded].",
            HelpName = "PRESET"
        };
        _ = encoder.AcceptOnlyFromAmong("paper", "official-code");
        var address = CommonOptions.Address(MeshService.Gateway);
        var deadline = CommonOptions.Deadline(300);
        var json = CommonOptions.Json();
        var command = new ExampleCommand("reward", "Scores how well images fit a prompt, with any weighted sum of rewards.",
            ["realign reward \"a red car\" out/coarse.png out/refined.png",
                "realign reward \"a red car\" *.png --rewards caption=1,likelihood=0.2,clip --json",
                "realign reward \"a red car\" *.png --rewards hps=100,pick-score,image-reward,aesthetic"],
            "Ends with 1 when an image could not be scored; the others are scored all the same.")
        {
            prompt, images, rewards, encoder, address, deadline, json,
        };
        var pictures = new PictureOptions();
        pictures.AddTo(command);
        command.SetAction(async (parsed, token) =>
        {
            var files = parsed.GetRequiredValue(images);
            var request = new ScoreRequest();
            foreach (var file in files)
                request.Items.Add(new ScoreItem { Prompt = parsed.GetRequiredValue(prompt), Image = pictures.Read(parsed, file) });
            request.Rewards.AddRange(RewardNames.Read(parsed.GetRequiredValue(rewards), parsed.GetValue(encoder)));
            using var channel = terminal.Connect(MeshService.Gateway, parsed.GetValue(address));
            var response = await new RewardService.RewardServiceClient(channel.Invoker).ScoreAsync(request, ServiceChannel.Options(parsed.GetValue(deadline),
                token));
            if (parsed.GetValue(json))
            {
                terminal.Json(response);
            }
            else
            {
                // one prompt, many images: what holds for all is said once
                foreach (var note in response.Items.SelectMany(item => item.Values).SelectMany(Notes.Of).Distinct())
                    terminal.Note(note);
                terminal.Console.Write(Table(files, request, response));
            }

            return response.Items.All(item => item.Error is null) ? ExitCodes.Success : ExitCodes.Failure;
        });
        return command;
    }

    private static Table Table(string[] files, ScoreRequest request, ScoreResponse response)
    {
        var kinds = request.Rewards.Select(spec => RewardNames.Of(spec.Kind));
        var table = new Table().Border(TableBorder.Simple).AddColumns(["image", "reward", .. kinds, "caption"]);
        for (var i = 0; i < files.Length; i++)
        {
            var item = response.Items[i];
            var values = request.Rewards.Select((_, index) => index < item.Values.Count ? FormattableString.Invariant($"{item.Values[index].Value:0.0000}")
                : "-");
            var caption = item.Error?.Message ?? string.Join("; ", item.Values.Select(value => value.Caption).Where(value => value.Length > 0).Distinct());
            _ = table.AddRow([Markup.Escape(files[i]), item.Error is null ? FormattableString.Invariant($"{item.Reward:0.0000}") : "-", .. values,
                Markup.Escape(caption)]);
        }

        return table;
    }
}
