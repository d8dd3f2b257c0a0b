using System.CommandLine;
using Realign.Cli.Connections;
using Realign.V1;
using Realign.Wire.Mesh;
using Spectre.Console;

namespace Realign.Cli.Commands;

/// <summary><c>realign tag</c>.</summary>
internal static class TagCommand
{
    public static Command Create(Terminal terminal)
    {
        var image = CommonOptions.ImageFile();
        var pictures = new PictureOptions();
        var threshold = new Option<float?>("--threshold")
        {
            Description = "One threshold for all tags, 0..1 exclusive [the checkpoint's own].",
            HelpName = "X"
        };
        var all = new Option<bool>("--include-ungroundable") { Description = "Also tags that no detector can look for: colors, scenes, actions." };
        var address = CommonOptions.Address(MeshService.Tagger);
        var deadline = CommonOptions.Deadline(60);
        var json = CommonOptions.Json();
        var command = new ExampleCommand("tag", "Names what is in an image (Tagger, Recognize Anything).",
            ["realign tag out/coarse.png", "realign tag out/coarse.png --include-ungroundable --json"])
        {
            image, threshold, all, address, deadline, json,
        };
        pictures.AddTo(command);
        command.SetAction(async (parsed, token) =>
        {
            var request = new TagRequest
            {
                Image = pictures.Read(parsed, parsed.GetRequiredValue(image)),
                IncludeUngroundable = parsed.GetValue(all),
            };
            if (parsed.GetValue(threshold) is { } value)
                request.Threshold = value;
            using var channel = terminal.Connect(MeshService.Tagger, parsed.GetValue(address));
            var response = await new TaggerService.TaggerServiceClient(channel.Invoker).TagAsync(request, ServiceChannel.Options(parsed.GetValue(deadline),
                token));
            if (parsed.GetValue(json))
            {
                terminal.Json(response);
                return ExitCodes.Success;
            }

            var table = new Table().Border(TableBorder.Simple).AddColumns("tag", "probability", "groundable");
            foreach (var tag in response.Tags)
                _ = table.AddRow(Markup.Escape(tag.Name), tag.HasProbability ? FormattableString.Invariant($"{tag.Probability:0.000}") : "-", tag.Groundable
                    ? "yes" : "no");
            terminal.Console.Write(table);
            return ExitCodes.Success;
        });
        return command;
    }
}
