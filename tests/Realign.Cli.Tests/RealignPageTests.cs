using System.Text.Json.Nodes;
using Realign.Cli.Page;
using Realign.Cli.Tests.Fakes;
using Shouldly;
using SkiaSharp;
using Xunit;

namespace Realign.Cli.Tests;

/// <summary>The pictures and the page that <c>realign realign</c> leaves.</summary>
[Collection(Cli.Collection)]
public sealed class RealignPageTests
{
    [Fact]
    public async Task MasksPicture_ShowsTheLegendsColors()
    {
        using var cli = new Cli();
        await using var services = await FakeServices.StartAsync();

        _ = await Cli.RunAsync("realign", "a red car", "--out", cli.In("out"), "--gateway", services.Address);

        using var masks = SKBitmap.Decode(cli.In("out/masks.png"));
        masks.Width.ShouldBeGreaterThan(600);
        masks.Pixels.ShouldContain(SKColor.Parse("#f97316"));
        masks.Pixels.ShouldContain(SKColor.Parse("#3b82f6"));
        using var heat = SKBitmap.Decode(cli.In("out/heatmaps.png"));
        heat.Width.ShouldBeGreaterThan(heat.Height);
    }

    [Fact]
    public async Task Page_IsSelfContainedAndEscapesThePrompt()
    {
        using var cli = new Cli();
        await using var services = await FakeServices.StartAsync();

        _ = await Cli.RunAsync("realign", "a <script>alert(1)</script> & co", "--out", cli.In("out"), "--gateway", services.Address);

        var page = await File.ReadAllTextAsync(cli.In("out/index.html"), TestContext.Current.CancellationToken);
        page.ShouldNotContain("<script>");
        page.ShouldContain("a &lt;script&gt;");
        // nothing is loaded or linked; an address may be part of the command line that is shown
        page.ShouldNotContain("=\"http");
        page.ShouldNotContain("url(");
        page.ShouldNotContain("@import");
        page.Split("data:image/png;base64,").Length.ShouldBe(6);
        page.ShouldContain("a blue umbrella<div class=\"soft\">the tagger did not find it in the coarse image</div>");
        page.ShouldContain("the language model left it out");
        page.ShouldContain("<span class=\"dot\" style=\"background:#f97316\"></span>car");
        page.ShouldContain("prefers-color-scheme: dark");
    }

    [Fact]
    public async Task Page_SaysHowToGetTheSameAgain()
    {
        using var cli = new Cli();
        await using var services = await FakeServices.StartAsync();

        _ = await Cli.RunAsync("realign", "a king's car", "--seed", "7", "--guidance-scale", "4.5", "--scheduler", "euler-ancestral", "--step-fraction", "0.4",
            "--adapter", "style", "--adapter", "my own=0.5", "--embedding", "toys/cat:<cat>",
            "--extend-prompt", "false", "--no-heat-maps", "--out", cli.In("out"), "--gateway",
            services.Address);

        var page = System.Net.WebUtility.HtmlDecode(await File.ReadAllTextAsync(cli.In("out/index.html"), TestContext.Current.CancellationToken));
        page.ShouldContain(@"./realign realign 'a king'\''s car' --seed 7 --guidance-scale 4.5 --scheduler euler-ancestral --step-fraction 0.4 "
            + @"--adapter style --adapter 'my own=0.5' --embedding 'toys/cat:<cat>' --extend-prompt false --no-heat-maps --gateway " + services.Address);
    }

    [Fact]
    public async Task TheSameAgain_HoldsTheSeedThatWasDrawn_AndEveryOptionAsItWasTyped()
    {
        using var cli = new Cli();
        var typed = new List<string> { "realign", "a cat", "--negative-prompt", "it's", "--mode=exact", "--suppress-zero-scores" };

        var again = SameAgain.CommandLine(RealignCli.BuildRoot(new Terminal(TextWriter.Null, TextWriter.Null)).Parse(typed, RealignCli.Parsing), 42);

        again.ShouldBe(@"./realign realign 'a cat' --seed 42 --negative-prompt 'it'\''s' --mode exact --suppress-zero-scores");
    }

    [Fact]
    public async Task PictureTextsAndSizesOfTheCall_ReachTheRequest()
    {
        using var cli = new Cli();
        await using var services = await FakeServices.StartAsync();
        await File.WriteAllBytesAsync(cli.In("start.png"), [1, 2, 3], TestContext.Current.CancellationToken);
        await File.WriteAllBytesAsync(cli.In("mask.png"), [4, 5, 6], TestContext.Current.CancellationToken);

        _ = await Cli.RunAsync("realign", "a car", "--seed", "7", "--init-image", cli.In("start.png"), "--mask", cli.In("mask.png"), "--strength", "0.5",
            "--scheduler", "heun", "--sigma-spacing", "karras", "--prompt-2", "a boat", "--prompt-syntax", "compel", "--prompt-chunks", "2", "--clip-skip", "1",
            "--original-size", "1024x768", "--crop", "0x8", "--negative-original-size", "512x384",
            "--negative-target-size", "64x32", "--negative-crop", "3x4", "--out", cli.In("out"), "--gateway", services.Address);

        var page = System.Net.WebUtility.HtmlDecode(await File.ReadAllTextAsync(cli.In("out/index.html"), TestContext.Current.CancellationToken));
        page.ShouldContain($"--seed 7 --init-image {cli.In("start.png")} --mask {cli.In("mask.png")} --strength 0.5 "
            + "--scheduler heun --sigma-spacing karras --prompt-2 'a boat' --prompt-syntax compel --prompt-chunks 2 --clip-skip 1 "
            + "--original-size 1024x768 --crop 0x8 --negative-original-size 512x384 --negative-target-size 64x32 --negative-crop 3x4");
        var stages = JsonNode.Parse(await File.ReadAllTextAsync(cli.In("out/stages.json"), TestContext.Current.CancellationToken))!;
        stages["request"]!["prompt_syntax"]!.GetValue<string>().ShouldBe("PROMPT_SYNTAX_COMPEL");
        stages["request"]!["sigma_spacing"]!.GetValue<string>().ShouldBe("SIGMA_SPACING_KARRAS");
        stages["request"]!["prompt_chunks"]!.GetValue<int>().ShouldBe(2);
        stages["request"]!["sizes"]!["crop_top"]!.GetValue<int>().ShouldBe(8);
        var negative = stages["request"]!["negative_sizes"]!;
        (negative["original_width"]!.GetValue<int>(), negative["original_height"]!.GetValue<int>()).ShouldBe((512, 384));
        (negative["target_width"]!.GetValue<int>(), negative["target_height"]!.GetValue<int>()).ShouldBe((64, 32));
        (negative["crop_left"]!.GetValue<int>(), negative["crop_top"]!.GetValue<int>()).ShouldBe((3, 4));
    }

    [Fact]
    public async Task WhatWasCutOrIgnored_IsSaidOnTheTerminalAndOnThePage()
    {
        using var cli = new Cli();
        await using var services = await FakeServices.StartAsync();
        await File.WriteAllTextAsync(cli.In("prompts.txt"), FakeServices.LongPrompt, TestContext.Current.CancellationToken);

        var (_, _, generated) = await Cli.RunAsync("generate", FakeServices.LongPrompt, "--out", cli.In("a.png"), "--address", services.Address);
        var (_, _, realigned) = await Cli.RunAsync("realign", FakeServices.LongPrompt, "--out", cli.In("out"), "--gateway", services.Address);
        var (_, _, listed) = await Cli.RunAsync("realign", "--prompts-file", cli.In("prompts.txt"), "--out", cli.In("list"), "--gateway", services.Address);
        var (_, _, json) = await Cli.RunAsync("realign", FakeServices.LongPrompt, "--json", "--out", cli.In("out"), "--gateway", services.Address);

        json.ShouldBeEmpty();
        string[] notes =
        [
            "the prompt is too long for the text encoder; not read: \"end 1\"", "the negative prompt is too long for the text encoder; not read: \"end 2\"",
            "the prompt is too long for the second text encoder; not read: \"end 3\"",
            "the negative prompt is too long for the second text encoder; not read: \"end 4\"", "eta changed nothing: Euler has none",
        ];
        var page = System.Net.WebUtility.HtmlDecode(await File.ReadAllTextAsync(cli.In("out/index.html"), TestContext.Current.CancellationToken));
        foreach (var text in new[] { generated, realigned, listed, page })
        {
            foreach (var note in notes)
                text.Split(note).Length.ShouldBe(2, $"'{note}' is to be there once");
        }

        foreach (var text in new[] { realigned, listed, page })
            text.ShouldContain("refined image: a red car: its words were cut");
        listed.ShouldContain("1-0: the prompt is too long");
    }
}
