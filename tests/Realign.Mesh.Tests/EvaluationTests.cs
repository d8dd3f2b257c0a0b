using System.Text.Json;
using Realign.Evaluation;
using Realign.Testing;
using Shouldly;
using Xunit;

namespace Realign.Mesh.Tests;

/// <summary>An evaluation of the real mesh, from the command line to the report.</summary>
public sealed class EvaluationTests(RunningMesh mesh) : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("evaluation-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task BaseAndFine_TwoPrompts_AreDrawnJudgedAndResumed()
    {
        var prompts = Path.Combine(_folder, "two.txt");
        await File.WriteAllTextAsync(prompts, "\uFEFFa red car and a pink elephant\r\n\r\na blue bird\r\n", TestContext.Current.CancellationToken);
        var run = Path.Combine(_folder, "run");
        string[] command =
        [
            "--arm", "base", "--arm", "fine", "--arm", "few=base:steps=5", "--prompts", prompts, "--seeds", "0", "--out", run,
            "--gateway", mesh.Gateway.Address,
        ];

        var (code, output, error) = await RunAsync(command);

        code.ShouldBe(0, error);
        output.ShouldContain("index.html");
        using var report = JsonDocument.Parse(await File.ReadAllBytesAsync(Path.Combine(run, "report.json"), TestContext.Current.CancellationToken));
        report.RootElement.GetProperty("pictures").GetInt32().ShouldBe(6);
        var arms = report.RootElement.GetProperty("sets")[0].GetProperty("arms").EnumerateArray().ToDictionary(arm => arm.GetProperty("arm").GetString()!);
        arms["base"].GetProperty("objects").GetProperty("count").GetInt32().ShouldBe(3);
        arms["base"].GetProperty("objects").GetProperty("hits").GetInt32().ShouldBeGreaterThan(0);
        arms["fine"].GetProperty("all_bound_against_base").GetProperty("pairs").GetInt32().ShouldBe(2);
        arms["fine"].GetProperty("frechet").GetProperty("value").GetDouble().ShouldBeGreaterThan(0);
        // 5 steps draw other pictures than the arms that share theirs
        Directory.GetFiles(Path.Combine(run, "pictures"), "*.png", SearchOption.AllDirectories).Length.ShouldBe(6);

        var lines = await File.ReadAllLinesAsync(Path.Combine(run, "results.jsonl"), TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(Path.Combine(run, "results.jsonl"), string.Join('\n', lines)[..^50], TestContext.Current.CancellationToken);
        var again = await RunAsync(command);

        again.Code.ShouldBe(0, again.Error);
        again.Error.ShouldContain("5 of 6 pictures are there already");
        var redrawn = await File.ReadAllLinesAsync(Path.Combine(run, "results.jsonl"), TestContext.Current.CancellationToken);
        // the same picture and the same readings; only the time is another
        redrawn.Length.ShouldBe(6);
        Picture(redrawn[5]).ShouldBe(Picture(lines[5]));
        Directory.GetFiles(Path.Combine(run, "pictures"), "*.png", SearchOption.AllDirectories).Length.ShouldBe(6);
    }

    [Fact]
    public async Task SharedPictures_AreThoseThatEveryArmDrawsByItself()
    {
        var prompts = Path.Combine(_folder, "three.txt");
        await File.WriteAllTextAsync(prompts, "a pink turtle, a black backpack and a purple sailboat\n", TestContext.Current.CancellationToken);
        string[] command =
        [
            "--arm", "base", "--arm", "fine", "--arm", "verified", "--arm", "attempts=2", "--prompts", prompts, "--seeds", "0", "--gateway",
            mesh.Gateway.Address,
        ];

        var shared = await RunAsync([.. command, "--out", Path.Combine(_folder, "shared")]);
        var apart = await RunAsync([.. command, "--out", Path.Combine(_folder, "apart"), "--no-sharing"]);

        (shared.Code, apart.Code).ShouldBe((0, 0), shared.Error + apart.Error);
        var pictures = Pictures("shared");
        pictures.Count.ShouldBe(4);
        pictures.ShouldBe(Pictures("apart"));

        List<(string Arm, string Png)> Pictures(string run) => [.. File.ReadLines(Path.Combine(_folder, run, "results.jsonl")).Select(line =>
        {
            using var record = JsonDocument.Parse(line);
            return (record.RootElement.GetProperty("arm").GetString()!, record.RootElement.GetProperty("png").GetString()!);
        })];
    }

    [Fact]
    public async Task JudgeNone_AnyPrompt_HasClipAndNamesIt()
    {
        var prompts = Path.Combine(_folder, "free.txt");
        await File.WriteAllTextAsync(prompts, "a castle at dusk\n", TestContext.Current.CancellationToken);
        var run = Path.Combine(_folder, "free");

        var (code, _, error) = await RunAsync("--arm", "base", "--judge", "none", "--prompts", prompts, "--seeds", "0", "--out", run, "--gateway",
            mesh.Gateway.Address);

        code.ShouldBe(0, error);
        using var report = JsonDocument.Parse(await File.ReadAllBytesAsync(Path.Combine(run, "report.json"), TestContext.Current.CancellationToken));
        var arm = report.RootElement.GetProperty("sets")[0].GetProperty("arms")[0];
        arm.TryGetProperty("objects", out _).ShouldBeFalse();
        arm.GetProperty("clip").GetProperty("value").GetDouble().ShouldBeInRange(-1, 1);
        report.RootElement.GetProperty("judges").EnumerateArray().ShouldHaveSingleItem().GetString()!.ShouldContain("clip miniature");
    }

    [Fact]
    public async Task NobodyAtTheAddress_EndsAsUnavailable()
    {
        var prompts = Path.Combine(_folder, "one.txt");
        await File.WriteAllTextAsync(prompts, "a red car\n", TestContext.Current.CancellationToken);

        var (code, _, error) = await RunAsync("--arm", "base", "--prompts", prompts, "--out", Path.Combine(_folder, "away"), "--gateway", "http://127.0.0.1:1");

        code.ShouldBe(3);
        error.ShouldContain("http://127.0.0.1:1");
    }

    private static (string Png, string Reading) Picture(string line)
    {
        using var record = JsonDocument.Parse(line);
        return (record.RootElement.GetProperty("png").GetString()!, record.RootElement.GetProperty("reading").GetRawText());
    }

    private static async Task<(int Code, string Output, string Error)> RunAsync(params string[] args)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var code = await EvaluationCommand.RunAsync(args, output, error, TestContext.Current.CancellationToken).DefaultTimeout();
        return (code, output.ToString(), error.ToString());
    }
}
