using System.CommandLine;
using Realign.Cli.Connections;
using Realign.Cli.Pictures;
using Realign.V1;
using Realign.Wire.Mesh;
using Spectre.Console;

namespace Realign.Cli.Commands;

/// <summary><c>realign segment</c>.</summary>
internal static class SegmentCommand
{
    public static Command Create(Terminal terminal)
    {
        var image = CommonOptions.ImageFile();
        var pictures = new PictureOptions();
        var phrases = new Argument<string[]>("phrases") { Description = "What to look for.", HelpName = "PHRASE...", Arity = ArgumentArity.OneOrMore };
        var boxThreshold = new Option<float?>("--box-threshold") { Description = "Smallest score of a box, 0..1 exclusive [0.25].", HelpName = "X" };
        var colors = new Option<bool>("--colors") { Description = "Name the colors inside the masks, where the model has a color table." };
        var overlay = new Option<string?>("--out") { Description = "Write the image with the masks drawn over it to this PNG file.", HelpName = "FILE" };
        var address = CommonOptions.Address(MeshService.Segmenter);
        var deadline = CommonOptions.Deadline(120);
        var json = CommonOptions.Json();
        var command = new ExampleCommand("segment", "Finds phrases in an image and cuts them out (Segmenter, Grounding DINO and SAM).",
            ["realign segment out/coarse.png car elephant", "realign segment photo.jpg \"a red car\" --out masks.png"])
        {
            image, phrases, boxThreshold, colors, overlay, address, deadline, json,
        };
        pictures.AddTo(command);
        command.SetAction(async (parsed, token) =>
        {
            if (parsed.GetValue(overlay) is { } target)
                OutputFolder.CheckFor(target);
            var request = new SegmentRequest
            {
                Image = pictures.Read(parsed, parsed.GetRequiredValue(image)),
                NameColors = parsed.GetValue(colors),
            };
            request.Phrases.AddRange(parsed.GetRequiredValue(phrases));
            if (parsed.GetValue(boxThreshold) is { } threshold)
                request.BoxThreshold = threshold;
            using var channel = terminal.Connect(MeshService.Segmenter, parsed.GetValue(address));
            var response = await new SegmenterService.SegmenterServiceClient(channel.Invoker).SegmentAsync(request,
                ServiceChannel.Options(parsed.GetValue(deadline), token));
            if (parsed.GetValue(overlay) is { } file)
            {
                var layers = MaskLayer.Of(response.Phrases, phrase => phrase.Phrase, phrase => phrase.Mask, (_, _) => "");
                _ = Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(file))!);
                await File.WriteAllBytesAsync(file, MaskOverlay.Draw(request.Image.Encoded, layers), token);
            }

            if (parsed.GetValue(json))
                terminal.Json(response);
            else
                terminal.Console.Write(Table(response, request.NameColors));
            return ExitCodes.Success;
        });
        return command;
    }

    private static Table Table(SegmentResponse response, bool withColors)
    {
        var table = new Table().Border(TableBorder.Simple).AddColumns("phrase", "score", "box (x0 y0 x1 y1)", "mask IoU");
        if (withColors)
            _ = table.AddColumn("colors");
        foreach (var phrase in response.Phrases)
        {
            if (phrase.Detections.Count == 0)
                Add(phrase, "-", phrase.Note.Length > 0 ? phrase.Note : "not found", "-", "-");
            foreach (var found in phrase.Detections)
            {
                Add(phrase, FormattableString.Invariant($"{found.Score:0.00}"),
                    FormattableString.Invariant($"{found.Box.X0:0} {found.Box.Y0:0} {found.Box.X1:0} {found.Box.Y1:0}"),
                    FormattableString.Invariant($"{found.PredictedIou:0.00}"),
                    string.Join(", ", found.Colors.Select(color => FormattableString.Invariant($"{color.Name} {100 * color.Share:0} %"))));
            }
        }

        return table;

        void Add(GroundedPhrase phrase, string score, string box, string iou, string colors)
        {
            string[] cells = [phrase.Phrase, score, box, iou, .. withColors ? [colors] : Array.Empty<string>()];
            _ = table.AddRow([.. cells.Select(Markup.Escape)]);
        }
    }
}
