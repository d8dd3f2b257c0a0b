using System.CommandLine;
using System.Text.Json.Nodes;
using Realign.Cli.Connections;
using Realign.Cli.Realigning;
using Realign.V1;
using Realign.Wire.Mesh;

namespace Realign.Cli.Commands;

/// <summary><c>realign generate</c>.</summary>
internal static class GenerateCommand
{
    public static Command Create(Terminal terminal)
    {
        var prompt = new Argument<string>("prompt") { Description = "What the image shall show.", HelpName = "PROMPT" };
        var sampling = new SamplingOptions();
        var seed = new Option<ulong?>("--seed") { Description = "Seed of the start noise [random, and reported].", HelpName = "N" };
        var numImages = new Option<int?>("--num-images") { Description = "Images, with seeds seed, seed+1, ... [1].", HelpName = "N" };
        var file = new Option<string>("--out")
        {
            Description = "PNG file to write; -1, -2, ... are added to the name from the second image on.",
            HelpName = "FILE",
            DefaultValueFactory = _ => "out/image.png"
        };
        var address = CommonOptions.Address(MeshService.Generator);
        var deadline = CommonOptions.Deadline(600);
        var json = CommonOptions.Json();
        var command = new ExampleCommand("generate", "Generates an image once, without reading it back (Generator, Stable Diffusion).",
            ["realign generate \"a red car\" --seed 7 --out car.png",
                "realign generate \"a black cat\" --num-images 4 --num-inference-steps 50 --scheduler euler"])
        {
            prompt, seed, numImages, file, address, deadline, json,
        };
        sampling.AddTo(command);
        command.SetAction(async (parsed, token) =>
        {
            OutputFolder.CheckFor(parsed.GetRequiredValue(file));
            var request = sampling.Request(parsed, parsed.GetRequiredValue(prompt), parsed.GetValue(seed));
            if (parsed.GetValue(numImages) is { } count)
                request.NumImages = count;
            using var channel = terminal.Connect(MeshService.Generator, parsed.GetValue(address));
            using var call = new GeneratorService.GeneratorServiceClient(channel.Invoker).Generate(request, ServiceChannel.Options(parsed.GetValue(deadline),
                token));
            var result = await StageBars.RunAsync(terminal, parsed.GetValue(json), async bars =>
            {
                bars.Begin(Stage.Coarse);
                while (await call.ResponseStream.MoveNext(token))
                {
                    var response = call.ResponseStream.Current;
                    if (response.EventCase == GenerateResponse.EventOneofCase.Progress)
                        bars.Advance(Stage.Coarse, response.Progress);
                    else if (response.EventCase == GenerateResponse.EventOneofCase.Result)
                        return response.Result;
                }

                throw new CliException("the generator ended without an image", ExitCodes.Failure);
            }, "generate");
            var files = await WriteAsync(result, parsed.GetRequiredValue(file), token);
            if (parsed.GetValue(json))
            {
                foreach (var image in result.Images)
                    image.Png = Google.Protobuf.ByteString.Empty;
                var node = Terminal.ToJson(result).AsObject();
                node["files"] = new JsonArray([.. files.Select(path => JsonValue.Create(path))]);
                terminal.Json(node);
                return ExitCodes.Success;
            }

            foreach (var note in Notes.Of(result))
                terminal.Note(note);
            for (var i = 0; i < files.Count; i++)
                terminal.Output.WriteLine($"{files[i]}  seed {result.Images[i].Seed}");
            return ExitCodes.Success;
        });
        return command;
    }

    private static async Task<List<string>> WriteAsync(GenerateResult result, string file, CancellationToken cancellationToken)
    {
        var files = new List<string>();
        _ = Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(file))!);
        for (var i = 0; i < result.Images.Count; i++)
        {
            var path = i == 0 ? file : Path.Combine(Path.GetDirectoryName(file) ?? "",
                $"{Path.GetFileNameWithoutExtension(file)}-{i}{Path.GetExtension(file)}");
            await File.WriteAllBytesAsync(path, result.Images[i].Png.ToByteArray(), cancellationToken);
            files.Add(path);
        }

        return files;
    }
}
