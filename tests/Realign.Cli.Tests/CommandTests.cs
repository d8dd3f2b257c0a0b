using System.Text.Json.Nodes;
using Realign.Cli.Tests.Fakes;
using Realign.Hosting;
using Realign.Testing;
using Realign.Testing.Layouts;
using Shouldly;
using Xunit;

namespace Realign.Cli.Tests;

/// <summary>The commands that call one service, help, and completion.</summary>
[Collection(Cli.Collection)]
public sealed class CommandTests
{
    [Fact]
    public async Task EveryCommand_TeachesWithExamples()
    {
        using var cli = new Cli();
        string[] names =
        [
            "realign", "generate", "caption", "tag", "scene", "segment", "reward", "evaluate", "adapters", "status", "up", "down", "completion",
        ];
        foreach (var name in names)
        {
            var (code, output, _) = await Cli.RunAsync(name, "--help");
            code.ShouldBe(0);
            output.ShouldContain("Examples:", customMessage: name);
            output.ShouldContain($"realign {name}");
        }

        (await Cli.RunAsync("--help")).Output.ShouldContain("Exit codes:");
    }

    [Theory]
    [InlineData("./realign st", "status")]
    [InlineData("./realign realign --see", "--seed")]
    [InlineData("./realign realign --att", "--attempts")]
    [InlineData("./realign realign a --accept ", "verified")]
    [InlineData("./realign realign --req", "--require-verified")]
    [InlineData("./realign realign a --preset ", "paper")]
    [InlineData("./realign realign a --scheduler eu", "euler-ancestral")]
    public async Task Complete_ListsWhatCanFollow(string line, string expected)
    {
        using var cli = new Cli();

        var (_, output, _) = await Cli.RunAsync("complete", line.Length.ToString(System.Globalization.CultureInfo.InvariantCulture), line);

        output.Split('\n').ShouldContain(expected);
    }

    [Fact]
    public async Task Generate_WritesTheImageAndItsSeed()
    {
        using var cli = new Cli();
        await using var services = await FakeServices.StartAsync();

        var (code, output, _) = await Cli.RunAsync("generate", "a car", "--seed", "9", "--out", cli.In("car.png"), "--address", services.Address);

        code.ShouldBe(0);
        output.ShouldContain("seed 9");
        new FileInfo(cli.In("car.png")).Length.ShouldBeGreaterThan(100);
    }

    [Fact]
    public async Task Prompt_ThatBeginsWithAnAtSign_IsAPrompt()
    {
        using var cli = new Cli();
        await using var services = await FakeServices.StartAsync();

        var (code, _, error) = await Cli.RunAsync("generate", "@home", "--out", cli.In("home.png"), "--address", services.Address);

        code.ShouldBe(0, error);
    }

    [Fact]
    public async Task AnotherServiceAtTheAddress_IsSaid()
    {
        using var cli = new Cli();
        await using var other = await TestService.StartAsync(args => ServiceHost.CreateBuilder(args, 0).BuildService());

        var (code, _, error) = await Cli.RunAsync("scene", "a red car", "--address", other.Address);

        code.ShouldBe(ExitCodes.Unavailable);
        error.ShouldContain($"what answers at {other.Address} is another service");
    }

    [Fact]
    public async Task Status_NothingAtTheAddress_NamesIt()
    {
        using var cli = new Cli();

        var (code, _, error) = await Cli.RunAsync("status", "--address", "http://127.0.0.1:1");

        code.ShouldBe(ExitCodes.Unavailable);
        error.ShouldContain("nothing answers at http://127.0.0.1:1.");
    }

    [Fact]
    public async Task ReadingCommands_PrintWhatTheServiceSaid()
    {
        using var cli = new Cli();
        await using var services = await FakeServices.StartAsync();
        await File.WriteAllBytesAsync(cli.In("a.png"), FakeServices.Scene(refined: false), TestContext.Current.CancellationToken);

        (await Cli.RunAsync("caption", cli.In("a.png"), "--address", services.Address)).Output.Trim().ShouldBe("a pink car and a pink elephant");
        (await Cli.RunAsync("tag", cli.In("a.png"), "--address", services.Address)).Output.ShouldContain("0.970");
        (await Cli.RunAsync("tag", cli.In("a.png"), "--first-frame", "--apply-profile", "--address", services.Address)).Output
            .ShouldContain("first frame in sRGB");
        (await Cli.RunAsync("scene", "a red car", "--tags", "car,banana", "--address", services.Address)).Output.ShouldContain("a red car");
        (await Cli.RunAsync("scene", "two black dogs", "--entities", "--address", services.Address)).Output.ShouldContain("black");
        (await Cli.RunAsync("segment", cli.In("a.png"), "car", "--out", cli.In("new/m.png"), "--address", services.Address)).Output.ShouldContain("6 30 30 48");
        File.Exists(cli.In("new/m.png")).ShouldBeTrue();
    }

    [Fact]
    public async Task CaptionThatDidNotEndByItself_IsSaid()
    {
        using var cli = new Cli();
        await using var services = await FakeServices.StartAsync();
        await File.WriteAllBytesAsync(cli.In("a.png"), FakeServices.Scene(refined: false), TestContext.Current.CancellationToken);

        var whole = await Cli.RunAsync("caption", cli.In("a.png"), "--address", services.Address);
        var cut = await Cli.RunAsync("caption", cli.In("a.png"), "--max-new-tokens", "8", "--prompt", "a car", "--address", services.Address);
        var json = await Cli.RunAsync("caption", cli.In("a.png"), "--max-new-tokens", "8", "--json", "--address", services.Address);

        whole.Error.ShouldBeEmpty();
        cut.Error.ShouldContain("cut after 8 tokens");
        cut.Error.ShouldContain("tokens of --prompt that the model read: 5");
        cut.Output.Trim().ShouldBe("a pink car and a pink elephant");
        json.Error.ShouldBeEmpty();
    }

    [Fact]
    public async Task Reward_PartsThatNoModelRead_AreSaidOnceForAllImages()
    {
        using var cli = new Cli();
        await using var services = await FakeServices.StartAsync();
        await File.WriteAllBytesAsync(cli.In("a.png"), FakeServices.Scene(refined: false), TestContext.Current.CancellationToken);
        string[] command = ["reward", FakeServices.LongPrompt, cli.In("a.png"), cli.In("a.png"), "--rewards", "caption,clip", "--gateway", services.Address];

        var (_, _, error) = await Cli.RunAsync(command);
        var (_, _, json) = await Cli.RunAsync([.. command, "--json"]);

        json.ShouldBeEmpty();
        error.Split('\n', StringSplitOptions.RemoveEmptyEntries).ShouldBe(
        [
            "caption: the prompt is too long for the model; not read: \"end 1\"",
            "caption: the caption \"a caption\" is too long for the text encoder; not read: \"end 2\"",
            "clip: the prompt is too long for the model; not read: \"end 1\"",
        ]);
    }

    [Fact]
    public async Task Json_HasTheNamesOfTheProtoFiles()
    {
        using var cli = new Cli();
        await using var services = await FakeServices.StartAsync();
        await File.WriteAllBytesAsync(cli.In("a.png"), FakeServices.Scene(refined: false), TestContext.Current.CancellationToken);

        var (_, output, _) = await Cli.RunAsync("caption", cli.In("a.png"), "--json", "--address", services.Address);

        JsonNode.Parse(output)!["mean_log_probability"].ShouldNotBeNull();
    }

    [Fact]
    public async Task Reward_OneBadImage_EndsWithOneAndScoresTheOthers()
    {
        using var cli = new Cli();
        await using var services = await FakeServices.StartAsync();
        await File.WriteAllBytesAsync(cli.In("a.png"), FakeServices.Scene(refined: false), TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(cli.In("b.png"), "no", TestContext.Current.CancellationToken);

        var (code, output, _) = await Cli.RunAsync("reward", "a red car", cli.In("a.png"), cli.In("b.png"), "--rewards", "caption,clip=0.25", "--json",
            "--gateway", services.Address);

        code.ShouldBe(ExitCodes.Failure);
        var items = JsonNode.Parse(output)!["items"]!.AsArray();
        items[0]!["values"]![1]!["value"]!.GetValue<double>().ShouldBe(0.25);
        items[1]!["error"]!["message"]!.GetValue<string>().ShouldBe("not an image");
    }

    [Fact]
    public async Task Reward_EveryKind_HasItsName()
    {
        using var cli = new Cli();
        await using var services = await FakeServices.StartAsync();
        await File.WriteAllBytesAsync(cli.In("a.png"), FakeServices.Scene(refined: false), TestContext.Current.CancellationToken);
        const string Names = "hps=100,pick-score,image-reward=0.5,Aesthetic";

        var (code, output, _) = await Cli.RunAsync("reward", "a red car", cli.In("a.png"), "--rewards", Names, "--json", "--gateway", services.Address);
        var (_, table, _) = await Cli.RunAsync("reward", "a red car", cli.In("a.png"), "--rewards", "image-reward", "--gateway", services.Address);
        var (_, help, _) = await Cli.RunAsync("reward", "--help");

        code.ShouldBe(ExitCodes.Success);
        var values = JsonNode.Parse(output)!["items"]![0]!["values"]!.AsArray();
        values.Select(value => value!["kind"]!.GetValue<string>()).ShouldBe(
            ["REWARD_KIND_HPS", "REWARD_KIND_PICK_SCORE", "REWARD_KIND_IMAGE_REWARD", "REWARD_KIND_AESTHETIC"]);
        values[2]!["value"]!.GetValue<double>().ShouldBe(0.5);
        table.ShouldContain("image-reward");
        foreach (var name in new[] { "caption", "likelihood", "itc", "itm", "clip", "hps", "pick-score", "image-reward", "aesthetic" })
            help.ShouldContain(name);
    }

    [Theory]
    [InlineData("nonsense")]
    [InlineData("clip=heavy")]
    public async Task Reward_UnknownName_EndsWithTwo(string rewards)
    {
        using var cli = new Cli();
        await File.WriteAllTextAsync(cli.In("a.png"), "x", TestContext.Current.CancellationToken);

        (await Cli.RunAsync("reward", "a", cli.In("a.png"), "--rewards", rewards)).Code.ShouldBe(ExitCodes.Usage);
    }

    [Fact]
    public async Task MissingFile_EndsWithTwo()
    {
        using var cli = new Cli();

        var (code, _, error) = await Cli.RunAsync("caption", cli.In("nothing.png"));

        code.ShouldBe(ExitCodes.Usage);
        error.ShouldContain("nothing.png");
    }

    [Fact]
    public async Task ModelsCheck_EmbeddedModel_FitsAndGivesJson()
    {
        var (code, output, _) = await Cli.RunAsync("models", "check", Checkout.Miniature("clip"), "--json");

        code.ShouldBe(ExitCodes.Success);
        var model = JsonNode.Parse(output)!["models"]![0]!;
        model["kind"]!.GetValue<string>().ShouldBe("clip");
        model["memory_bytes"]!["float16"]!.GetValue<long>().ShouldBe(2 * model["parts"]![0]!["parameters"]!.GetValue<long>());
    }

    [Fact]
    public async Task ModelsCheck_SomethingDoesNotFit_EndsWithOne()
    {
        using var copy = new ModelCopy("clip");
        File.Delete(Path.Combine(copy.Path, "model.safetensors"));

        var (code, output, _) = await Cli.RunAsync("models", "check", copy.Path);

        code.ShouldBe(ExitCodes.Failure);
        output.ShouldContain("model.safetensors is missing");
    }

    [Fact]
    public async Task ModelsConvert_WritesASnapshotFolder_OnceOnly()
    {
        using var file = new OriginalCheckpoint(Path.Combine(ConformancePack.Require(), "diffusion", "sd15", "snapshot"));

        var (code, output, _) = await Cli.RunAsync("models", "convert", file.Location, file.In("folder"));
        var (again, _, error) = await Cli.RunAsync("models", "convert", file.Location, file.In("folder"));

        (code, again).ShouldBe((ExitCodes.Success, ExitCodes.Failure));
        output.ShouldContain(file.In("folder"));
        error.ShouldContain("something is there already");
        foreach (var path in new[] { "model_index.json", "unet/diffusion_pytorch_model.safetensors", "text_encoder/model.safetensors", "tokenizer/vocab.json" })
            File.Exists(Path.Combine(file.In("folder"), path)).ShouldBeTrue(path);
        (await Cli.RunAsync("models", "check", file.In("folder"))).Code.ShouldBe(ExitCodes.Success);
    }

    [Fact]
    public async Task ModelsCheck_NothingThere_EndsWithFive()
    {
        var (code, _, error) = await Cli.RunAsync("models", "check", "/nowhere/model");

        code.ShouldBe(ExitCodes.NotReady);
        error.ShouldContain("/nowhere/model");
    }

    [Theory]
    [InlineData(ExitCodes.Success, "help")]
    [InlineData(ExitCodes.Usage, "--arm", "coarse", "--out", "never-made")]
    [InlineData(ExitCodes.Usage, "--arm", "base", "--out", "never-made", "--seeds", "one")]
    [InlineData(ExitCodes.NotReady, "--arm", "base", "--out", "never-made", "--prompts", "/nowhere/prompts.txt")]
    public async Task Evaluate_PassesItsOptionsOnAndEndsAsTheEvaluationDoes(int expected, params string[] options)
    {
        var (code, _, _) = await Cli.RunAsync(["evaluate", .. options]);

        code.ShouldBe(expected);
        Directory.Exists("never-made").ShouldBeFalse();
    }

    [Fact]
    public async Task Status_OneServiceIsAway_EndsWithThree()
    {
        using var cli = new Cli();
        await using var services = await FakeServices.StartAsync();

        var (code, output, _) = await Cli.RunAsync("status", "--gateway", services.Address);

        code.ShouldBe(ExitCodes.Unavailable);
        output.ShouldContain("generator");
        output.ShouldContain("unreachable");
    }
}
