using System.CommandLine;
using Realign.Cli.Connections;
using Realign.V1;
using Realign.Wire.Mesh;

namespace Realign.Cli.Commands;

/// <summary><c>realign caption</c>.</summary>
internal static class CaptionCommand
{
    public static Command Create(Terminal terminal)
    {
        var image = CommonOptions.ImageFile();
        var pictures = new PictureOptions();
        var numBeams = new Option<int?>("--num-beams") { Description = "1 = greedy, 2..16 = beam search [1].", HelpName = "N" };
        var maxNewTokens = new Option<int?>("--max-new-tokens") { Description = "Longest caption in tokens, 1..256 [30].", HelpName = "N" };
        var prompt = new Option<string?>("--prompt") { Description = "Text the caption continues.", HelpName = "TEXT" };
        var address = CommonOptions.Address(MeshService.Captioner);
        var deadline = CommonOptions.Deadline(60);
        var json = CommonOptions.Json();
        var command = new ExampleCommand("caption", "Describes an image in one sentence (Captioner, BLIP-2).",
            ["realign caption out/coarse.png", "realign caption photo.jpg --num-beams 5 --json"])
        {
            image, numBeams, maxNewTokens, prompt, address, deadline, json,
        };
        pictures.AddTo(command);
        command.SetAction(async (parsed, token) =>
        {
            var request = new CaptionRequest
            {
                Image = pictures.Read(parsed, parsed.GetRequiredValue(image)),
                Prompt = parsed.GetValue(prompt) ?? ""
            };
            if (parsed.GetValue(numBeams) is { } beams)
                request.NumBeams = beams;
            if (parsed.GetValue(maxNewTokens) is { } tokens)
                request.MaxNewTokens = tokens;
            using var channel = terminal.Connect(MeshService.Captioner, parsed.GetValue(address));
            var response = await new CaptionerService.CaptionerServiceClient(channel.Invoker).CaptionAsync(request,
                ServiceChannel.Options(parsed.GetValue(deadline), token));
            if (parsed.GetValue(json))
            {
                terminal.Json(response);
                return ExitCodes.Success;
            }

            foreach (var note in Notes.Of(request, response))
                terminal.Note(note);
            terminal.Output.WriteLine(response.Caption);
            return ExitCodes.Success;
        });
        return command;
    }
}
