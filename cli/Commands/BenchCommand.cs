using System.CommandLine;
using Google.Protobuf;
using Realign.Cli.Benching;
using Realign.Cli.Pictures;
using Realign.V1;
using SkiaSharp;

namespace Realign.Cli.Commands;

/// <summary><c>realign bench</c>.</summary>
internal static class BenchCommand
{
    private const int PictureSize = 512;

    private const string Explanation = """
        METHOD is one of realign, generate, caption, tag, scene, entities, segment, reward and health (an empty call: the floor below the
        others), or any other of ours, e.g. CaptionerService/ScorePrompt, with --body. Every call sends the same request.
        A load is measured in windows until three in a row agree: largest and smallest throughput, and mean latency, within 10 %. The figures
        are those of these three. Goodput counts calls that ended well before their deadline; latencies are theirs, refused calls have their own.
        With --out, the folder gets bench.json, bench.csv and bench.png. Ends with 1 when at some load no call ended well.
        """;

    public static Command Create(Terminal terminal)
    {
        var method = new Argument<string>("method") { Description = "What is called.", HelpName = "METHOD" };
        var prompt = new Option<string>("--prompt")
        {
            Description = "The prompt.",
            HelpName = "TEXT",
            DefaultValueFactory = _ => "a red car and a pink elephant",
        };
        var image = new Option<string?>("--image") { Description = "A PNG, JPEG or WebP file to read [a drawn one of 512 x 512].", HelpName = "IMAGE" };
        var phrases = new Option<string>("--phrases")
        {
            Description = "What segment looks for, and the tags of scene.",
            HelpName = "PHRASE,...",
            DefaultValueFactory = _ => "car,elephant",
        };
        var rewards = new Option<string>("--rewards") { Description = "Rewards, as for realign reward.", HelpName = "NAME[=W],...", DefaultValueFactory = _ => "caption" };
        var body = new Option<string?>("--body") { Description = "Fields of the request as JSON, over those from other options.", HelpName = "JSON" };
        var seed = new Option<ulong?>("--seed") { Description = "Seed of what is drawn [0].", HelpName = "N" };
        var address = new Option<string?>("--address") { Description = "Address of the service [as for its own command].", HelpName = "URL" };
        var deadline = CommonOptions.Deadline(60);
        var folder = new Option<string?>("--out") { Description = "Folder to write.", HelpName = "DIR" };
        var json = CommonOptions.Json();
        var (load, pictures, sampling) = (new LoadOptions(), new PictureOptions(), new SamplingOptions());
        var command = new ExampleCommand("bench", "Measures throughput and latency of a method under load.",
            [
                "realign bench health --concurrency 1,16,64",
                "realign bench tag --concurrency 1,2,4 --image out/coarse.png --out out/tag",
                "realign bench generate --rate 2,4,8 --deadline 5 --num-inference-steps 5",
                "realign bench generate --overload --deadline 2             # goodput at half, once, twice and three times the peak",
                "realign bench caption --rate 20 --tenant a:10,b:1          # what a small tenant has beside a large one",
                "realign bench generate --num-inference-steps 500 --cancel-after 1",
                "realign bench CaptionerService/EmbedText --body '{\"texts\": [\"a red car\"]}'",
            ], Explanation)
        {
            method, prompt, image, phrases, rewards, body, seed, address, deadline, folder, json,
        };
        load.AddTo(command);
        pictures.AddTo(command);
        sampling.AddTo(command);
        command.SetAction(async (parsed, token) =>
        {
            var name = parsed.GetRequiredValue(method);
            var found = BenchMethod.Find(name);
            if (parsed.GetValue(folder) is { } target)
                OutputFolder.Check(target);
            var inputs = new BenchInputs(
                sampling.Request(parsed, parsed.GetRequiredValue(prompt), parsed.GetValue(seed) ?? 0),
                () => parsed.GetValue(image) is { } file ? pictures.Read(parsed, file) : new Image { Encoded = ByteString.CopyFrom(Picture()) },
                parsed.GetRequiredValue(phrases).Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries),
                [.. RewardNames.Read(parsed.GetRequiredValue(rewards))]);
            var request = found.Request(name, inputs, parsed.GetValue(body));
            using var channel = terminal.Connect(found.Service, parsed.GetValue(address));
            var session = new BenchSession(
                terminal, channel, new BenchResult(found.Name, channel.Address, load.Settings(parsed, parsed.GetValue(deadline))), parsed.GetValue(folder),
                parsed.GetValue(json));
            var call = new BenchCall(found.Descriptor, request);
            return await session.RunAsync(call, new BenchCall(found.Descriptor, BenchMethod.Smallest(request)), load, parsed, token);
        });
        return command;
    }

    private static byte[] Picture() => Drawing.Png(PictureSize, PictureSize, canvas =>
    {
        using var paint = new SKPaint { Color = Palette.Of(0), IsAntialias = true };
        canvas.Clear(Palette.Text);
        canvas.DrawRoundRect(new SKRect(60, 240, 240, 380), 30, 30, paint);
        paint.Color = Palette.Of(7);
        canvas.DrawOval(new SKRect(280, 140, 470, 400), paint);
    });
}
