using System.Text.Json.Nodes;
using Realign.Cli.Page;
using Realign.Cli.Tests.Fakes;
using Shouldly;
using SkiaSharp;
using Xunit;

namespace Realign.Cli.Tests;

/// <summary><c>realign realign</c>: files, page, list, errors.</summary>
[Collection(Cli.Collection)]
public sealed class RealignCommandTests
{
    [Fact]
    public async Task OnePrompt_WritesEveryFile()
    {
        using var cli = new Cli();
        await using var services = await FakeServices.StartAsync();

        var (code, output, error) = await Cli.RunAsync("realign", "a red car and a pink elephant", "--seed", "7", "--out", cli.In("out"), "--gateway",
            services.Address);

        code.ShouldBe(0, error);
        output.ShouldContain("index.html");
        Directory.GetFiles(cli.In("out")).Select(Path.GetFileName).ShouldBe(
            ["result.png", "coarse.png", "refined.png", "masks.png", "heatmaps.png", "stages.json", "index.html"], ignoreOrder: true);
        (await File.ReadAllBytesAsync(cli.In("out/coarse.png"), TestContext.Current.CancellationToken)).ShouldBe(FakeServices.Scene(refined: false));
        (await File.ReadAllBytesAsync(cli.In("out/refined.png"), TestContext.Current.CancellationToken)).ShouldBe(FakeServices.Scene(refined: true));
        var stages = JsonNode.Parse(await File.ReadAllTextAsync(cli.In("out/stages.json"), TestContext.Current.CancellationToken))!;
        stages["seed"]!.GetValue<ulong>().ShouldBe(7ul);
        stages["refined"]!.GetValue<bool>().ShouldBeTrue();
        stages["timings"]!.AsArray().Count.ShouldBe(6);
        stages["used_segments"]!.AsArray().Count.ShouldBe(2);
    }

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
            "--adapter", "style", "--adapter", "my own=0.5", "--extend-prompt", "false", "--no-heat-maps", "--out", cli.In("out"), "--gateway",
            services.Address);

        var page = System.Net.WebUtility.HtmlDecode(await File.ReadAllTextAsync(cli.In("out/index.html"), TestContext.Current.CancellationToken));
        page.ShouldContain(@"./realign realign 'a king'\''s car' --seed 7 --guidance-scale 4.5 --scheduler euler-ancestral --step-fraction 0.4 "
            + @"--adapter style --adapter 'my own=0.5' --extend-prompt false --no-heat-maps --gateway " + services.Address);
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
            + "--scheduler heun --sigma-spacing karras --prompt-2 'a boat' "
            + "--prompt-syntax compel --prompt-chunks 2 --clip-skip 1 "
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

    [Theory]
    [InlineData("--init-image", "nowhere.png")]
    [InlineData("--mask", "nowhere.png")]
    [InlineData("--original-size", "1024")]
    [InlineData("--crop", "1x-2")]
    [InlineData("--negative-target-size", "x")]
    public async Task ConditionThatCannotBeRead_IsAUsageError(string option, string value)
    {
        using var cli = new Cli();

        (await Cli.RunAsync("realign", "a car", option, value, "--out", cli.In("out"))).Code.ShouldBe(2);
    }

    [Fact]
    public async Task Json_IsAllThatIsOnStandardOutput()
    {
        using var cli = new Cli();
        await using var services = await FakeServices.StartAsync();

        var (code, output, error) = await Cli.RunAsync("realign", "a red car", "--json", "--out", cli.In("out"), "--gateway", services.Address);

        code.ShouldBe(0);
        error.ShouldBeEmpty();
        JsonNode.Parse(output)!["files"]!.AsArray().Count.ShouldBe(7);
    }

    [Fact]
    public async Task List_WritesLineAndSeed_AndSkipsWhatIsThere()
    {
        using var cli = new Cli();
        await using var services = await FakeServices.StartAsync();
        await File.WriteAllTextAsync(cli.In("prompts.txt"), "a red car\n\na pink elephant\n", TestContext.Current.CancellationToken);
        string[] command = ["realign", "--prompts-file", cli.In("prompts.txt"), "--seeds", "0,1", "--out", cli.In("list"), "--gateway", services.Address];

        var (code, _, error) = await Cli.RunAsync(command);

        code.ShouldBe(0, error);
        var expected = new[] { "1-0", "1-1", "3-0", "3-1" }.SelectMany(stem => new[] { "result.png", "coarse.png", "refined.png", "stages.json" }.Select(part =>
            $"{stem}-{part}"));
        Directory.GetFiles(cli.In("list")).Select(Path.GetFileName).ShouldBe(expected, ignoreOrder: true);

        await File.WriteAllTextAsync(cli.In("list/1-0-coarse.png"), "kept", TestContext.Current.CancellationToken);
        File.Delete(cli.In("list/3-1-stages.json"));
        var (again, _, messages) = await Cli.RunAsync(command);
        again.ShouldBe(0);
        messages.ShouldContain("3 of 4 are there already");
        (await File.ReadAllTextAsync(cli.In("list/1-0-coarse.png"), TestContext.Current.CancellationToken)).ShouldBe("kept");
        File.Exists(cli.In("list/3-1-stages.json")).ShouldBeTrue();
    }

    [Fact]
    public async Task List_OnePromptFails_TheOthersAreDone()
    {
        using var cli = new Cli();
        await using var services = await FakeServices.StartAsync();
        await File.WriteAllTextAsync(cli.In("prompts.txt"), "bad\na red car\n", TestContext.Current.CancellationToken);

        var (code, _, error) = await Cli.RunAsync("realign", "--prompts-file", cli.In("prompts.txt"), "--out", cli.In("list"), "--gateway", services.Address);

        code.ShouldBe(ExitCodes.Failure);
        error.ShouldContain("1-0: ");
        File.Exists(cli.In("list/2-0-refined.png")).ShouldBeTrue();
    }

    [Theory]
    [InlineData("bad", ExitCodes.Usage, "send a good one")]
    [InlineData("fail", ExitCodes.NotReady, "load it")]
    public async Task Refusal_EndsWithItsExitCodeAndTheWayOut(string prompt, int expected, string wayOut)
    {
        using var cli = new Cli();
        await using var services = await FakeServices.StartAsync();

        var (code, _, error) = await Cli.RunAsync("realign", prompt, "--out", cli.In("out"), "--gateway", services.Address);

        code.ShouldBe(expected);
        error.ShouldContain(wayOut, Case.Insensitive);
        Directory.Exists(cli.In("out")).ShouldBeFalse();
    }

    [Fact]
    public async Task NoGateway_SaysHowToStartIt()
    {
        using var cli = new Cli();

        var (code, _, error) = await Cli.RunAsync("realign", "a red car", "--out", cli.In("out"), "--gateway", "http://127.0.0.1:1");

        code.ShouldBe(ExitCodes.Unavailable);
        error.ShouldContain("http://127.0.0.1:1");
        error.ShouldContain("./run");
        error.ShouldNotContain(" at Realign.");
    }

    [Theory]
    [InlineData("realign")]
    [InlineData("realign", "a", "--prompts-file", "b")]
    [InlineData("realign", "--prompts-file", "b")]
    [InlineData("realign", "a", "--seeds", "1")]
    [InlineData("realign", "--prompts-file", "b", "--out", "x", "--seed", "1")]
    [InlineData("realign", "--prompts-file", "b", "--out", "x", "--json")]
    [InlineData("status", "--address", "nonsense")]
    [InlineData("up", "--timeout", "NaN")]
    [InlineData("up", "--set", "Generator:DType")]
    [InlineData("up", "--set", "Generatr:DType=float16")]
    [InlineData("realign", "a", "--deadline", "0")]
    [InlineData("realign", "a", "--scheduler", "magic")]
    [InlineData("realign", "a", "--gateway", "nonsense")]
    [InlineData("realign", "--prompts-file", "/does/not/exist", "--out", "x")]
    [InlineData("bogus")]
    public async Task WrongCommandLine_EndsWithTwo(params string[] args)
    {
        using var cli = new Cli();

        var (code, output, error) = await Cli.RunAsync(args);

        code.ShouldBe(ExitCodes.Usage);
        (output + error).ShouldNotBeEmpty();
    }

    [Theory]
    [InlineData("--num-inference-steps", "many", "--num-inference-steps takes a whole number, not 'many'.")]
    [InlineData("--seed", "-1", "--seed takes a whole number from 0 on, not '-1'.")]
    [InlineData("--eta", "x", "--eta takes a number, not 'x'.")]
    public async Task ValueOfTheWrongType_IsExplainedWithoutTypeNames(string option, string value, string expected)
    {
        using var cli = new Cli();

        var (code, _, error) = await Cli.RunAsync("realign", "a red car", option, value);

        code.ShouldBe(ExitCodes.Usage);
        error.ShouldContain(expected);
        error.ShouldNotContain("System.");
    }
}
