using System.Text.Json.Nodes;
using Realign.Cli.Tests.Fakes;
using Shouldly;
using Xunit;

namespace Realign.Cli.Tests;

/// <summary><c>realign realign</c>: files, JSON, lists of prompts.</summary>
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
}
