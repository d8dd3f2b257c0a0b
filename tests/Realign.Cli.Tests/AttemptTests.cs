using System.Net;
using System.Text.Json.Nodes;
using Google.Protobuf;
using Realign.Cli.Tests.Fakes;
using Realign.V1;
using Shouldly;
using Xunit;

namespace Realign.Cli.Tests;

/// <summary><c>realign realign</c> with a Gateway that verifies: tables, attempts side by side, files, page, exit code.</summary>
[Collection(Cli.Collection)]
public sealed class AttemptTests
{
    [Fact]
    public async Task AttemptsSideBySide_EachVerificationIsATable_AndTheWinnerHasAReason()
    {
        using var cli = new Cli();
        await using var service = await new VerifyingGateway().StartAsync();

        var (code, output, error) = await Cli.RunAsync(
            "realign", VerifyingGateway.Prompt, "--attempts", "4", "--seed", "7", "--out", cli.In("out"), "--gateway", service.Address);

        code.ShouldBe(0, error);
        var lines = error.Split('\n').Select(line => line.Trim()).ToList();
        error.ShouldNotContain("\u001b");
        // events of two attempts mix: each line says whose it is, and each table follows its title
        lines.ShouldContain(line => line.StartsWith("attempt 1: coarse: done", StringComparison.Ordinal));
        lines.ShouldContain(line => line.StartsWith("attempt 2: coarse: done", StringComparison.Ordinal));
        lines.Count(line => line.Contains(": verify: done", StringComparison.Ordinal)).ShouldBe(4);
        Row("attempt 1, coarse image: 1 wrong, 1 not known", "elephant").ShouldBe("✗ wrong a pink elephant 1 not pink: the mask is 91 % blue");
        Row("attempt 1, refined image: 1 wrong, 1 not known", "elephant").ShouldBe("✗ wrong a pink elephant 1 not pink: the mask is 91 % blue");
        Row("attempt 2, coarse image: 1 missing", "chair").ShouldBe("✗ missing a blue chair 0 the segmenter finds no chair");
        Row("attempt 2, refined image: nothing is wrong, 1 not known", "car").ShouldBe("✓ right a red car 1 red: the mask is 92 % red");
        Row("attempt 2, refined image: nothing is wrong, 1 not known", "chair").ShouldBe("? not known a blue chair 1 perhaps blue: no reader can tell");
        output.ShouldContain("accepted: attempt 2, refined image: it is verified");
        output.ShouldContain("seed 8");

        string Row(string title, string name) => string.Join(' ', lines.SkipWhile(line => line != title).Skip(1)
            .FirstOrDefault(line => line.Contains(name, StringComparison.Ordinal), $"no {name} in {error}").Split(' ', StringSplitOptions.RemoveEmptyEntries));
    }

    [Fact]
    public async Task Files_AreThoseOfTheAcceptedAttempt_AndTheImagesOfEach()
    {
        using var cli = new Cli();
        await using var service = await new VerifyingGateway().StartAsync();

        var (_, output, _) = await Cli.RunAsync(
            "realign", VerifyingGateway.Prompt, "--attempts", "2", "--json", "--out", cli.In("out"), "--gateway", service.Address);

        foreach (var (name, attempt, picture) in new[]
        {
            ("result.png", 2, PictureKind.Refined), ("coarse.png", 2, PictureKind.Coarse), ("refined.png", 2, PictureKind.Refined),
            ("attempt-1/coarse.png", 1, PictureKind.Coarse), ("attempt-1/refined.png", 1, PictureKind.Refined),
            ("attempt-2/coarse.png", 2, PictureKind.Coarse), ("attempt-2/refined.png", 2, PictureKind.Refined),
        })
        {
            var content = await File.ReadAllBytesAsync(cli.In($"out/{name}"), TestContext.Current.CancellationToken);
            content.ShouldBe(VerifyingGateway.Image(attempt, picture), name);
        }

        JsonNode.Parse(output)!["files"]!.AsArray().Select(file => Path.GetRelativePath(cli.In("out"), file!.GetValue<string>())).ShouldBe(
            Directory.GetFiles(cli.In("out"), "*", SearchOption.AllDirectories).Select(file => Path.GetRelativePath(cli.In("out"), file)), ignoreOrder: true);
    }

    [Fact]
    public async Task Json_HoldsDemandVerificationsAndEveryAttempt()
    {
        using var cli = new Cli();
        await using var service = await new VerifyingGateway().StartAsync();

        var (_, output, error) = await Cli.RunAsync("realign", VerifyingGateway.Prompt, "--attempts", "2", "--seed", "18446744073709551615", "--json",
            "--out", cli.In("out"), "--gateway", service.Address);

        error.ShouldBeEmpty();
        var node = JsonNode.Parse(output)!;
        Read<Verification>(node["verification"]).ShouldBe(VerifyingGateway.Shown(2, PictureKind.Refined));
        Read<Demand>(node["demand"]).Entities.Count.ShouldBe(3);
        Read<Accepted>(node["accepted"]).Reason.ShouldBe(AcceptReason.Verified);
        node["verified"]!.GetValue<bool>().ShouldBeTrue();
        var attempts = node["attempts"]!.AsArray();
        attempts.Count.ShouldBe(2);
        // the last seed is followed by the first
        attempts.Select(attempt => attempt!["seed"]!.GetValue<ulong>()).ShouldBe([ulong.MaxValue, 0]);
        for (var number = 1; number <= 2; number++)
        {
            Read<Verification>(attempts[number - 1]!["coarse_verification"]).ShouldBe(VerifyingGateway.Shown(number, PictureKind.Coarse));
            Read<Verification>(attempts[number - 1]!["refined_verification"]).ShouldBe(VerifyingGateway.Shown(number, PictureKind.Refined));
        }

        var stages = JsonNode.Parse(await File.ReadAllTextAsync(cli.In("out/stages.json"), TestContext.Current.CancellationToken))!;
        stages["attempts"]!.ToJsonString().ShouldBe(attempts.ToJsonString());

        static T Read<T>(JsonNode? json)
            where T : IMessage<T>, new() => JsonParser.Default.Parse<T>(json!.ToJsonString());
    }

    [Fact]
    public async Task Page_NamesTheWrongObjectAndWhy_AndWhyTheWinnerWon()
    {
        using var cli = new Cli();
        await using var service = await new VerifyingGateway().StartAsync();

        _ = await Cli.RunAsync("realign", VerifyingGateway.Prompt, "--attempts", "2", "--seed", "7", "--out", cli.In("out"), "--gateway", service.Address);

        var page = await PageAsync(cli);
        page.ShouldContain("<b>Attempt 1, refined image</b>: a pink elephant is wrong: not pink: the mask is 91 % blue");
        page.ShouldContain("<b>Attempt 2, coarse image</b>: a blue chair is missing: the segmenter finds no chair");
        page.ShouldContain("<b>Attempt 2, refined image</b>: it is verified: every object is there and nothing is contradicted.");
        page.ShouldContain("""<i class="swatch" style="background:#ffc0cb"></i>a pink elephant</b> <span class="word bad">wrong</span>""");
        page.ShouldContain("color: the mask is 91 % blue");
        page.Split("""<span class="chip good">taken</span>""").Length.ShouldBe(2);
        // the result, two images of each attempt, the segments
        page.Split("data:image/png;base64,").Length.ShouldBe(7);
        page.ShouldContain("--seed 7 --attempts 2");
    }

    [Fact]
    public async Task NothingDemanded_IsSaid()
    {
        using var cli = new Cli();
        await using var service = await new VerifyingGateway().StartAsync();

        var (code, _, error) = await Cli.RunAsync("realign", VerifyingGateway.NothingDemanded, "--out", cli.In("out"), "--gateway", service.Address);

        code.ShouldBe(0, error);
        error.ShouldContain("attempt 1, coarse image: nothing that could be looked for");
        error.ShouldContain("the prompt names no object");
        (await PageAsync(cli)).ShouldContain("the prompt names no object");
    }

    [Theory]
    [InlineData("2", 0)]
    [InlineData("1", 4)]
    public async Task RequireVerified_IsTheExitCode_AndTheImagesAreThere(string attempts, int expected)
    {
        using var cli = new Cli();
        await using var service = await new VerifyingGateway().StartAsync();

        var (code, _, error) = await Cli.RunAsync("realign", VerifyingGateway.Prompt, "--attempts", attempts, "--require-verified", "--out", cli.In("out"),
            "--gateway", service.Address);

        code.ShouldBe(expected);
        error.Contains("the image is not verified: a pink elephant is wrong", StringComparison.Ordinal).ShouldBe(expected != 0);
        File.Exists(cli.In("out/result.png")).ShouldBeTrue();
        File.Exists(cli.In("out/index.html")).ShouldBeTrue();
    }

    [Fact]
    public async Task OlderGateway_PrintsAPage_AndIsNotVerified()
    {
        using var cli = new Cli();
        await using var services = await FakeServices.StartAsync();

        var (code, output, error) = await Cli.RunAsync("realign", "a red car", "--require-verified", "--out", cli.In("out"), "--gateway", services.Address);

        code.ShouldBe(ExitCodes.NotVerified);
        error.ShouldContain("the gateway did not compare it with the prompt");
        output.ShouldNotContain("accepted");
        (await PageAsync(cli)).ShouldContain("This image was not compared with the prompt.");
    }

    [Fact]
    public async Task List_SaysWhichAreNotVerified_AlsoWhenTheyWereThereAlready()
    {
        using var cli = new Cli();
        await using var service = await new VerifyingGateway().StartAsync();
        await File.WriteAllTextAsync(cli.In("prompts.txt"), $"{VerifyingGateway.Prompt}\n", TestContext.Current.CancellationToken);
        string[] command = ["realign", "--prompts-file", cli.In("prompts.txt"), "--out", cli.In("list"), "--require-verified", "--gateway", service.Address];

        var first = await Cli.RunAsync(command);
        var again = await Cli.RunAsync(command);
        var verified = await Cli.RunAsync([.. command, "--attempts", "2", "--seeds", "5"]);

        foreach (var (code, _, error) in new[] { first, again })
        {
            code.ShouldBe(ExitCodes.NotVerified);
            error.ShouldContain("1 of 1 are not verified: 1-0");
        }

        again.Error.ShouldContain("1 of 1 are there already");
        verified.Code.ShouldBe(0, verified.Error);
        (await File.ReadAllBytesAsync(cli.In("list/1-5-result.png"), TestContext.Current.CancellationToken))
            .ShouldBe(VerifyingGateway.Image(2, PictureKind.Refined));
    }

    private static async Task<string> PageAsync(Cli cli) =>
        WebUtility.HtmlDecode(await File.ReadAllTextAsync(cli.In("out/index.html"), TestContext.Current.CancellationToken))
            .Replace("\n", " ", StringComparison.Ordinal).Replace(":  ", ": ", StringComparison.Ordinal);
}
