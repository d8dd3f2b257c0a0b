using System.Diagnostics;
using System.Text.Json;
using Realign.Testing;
using Shouldly;
using Xunit;

namespace Realign.Mesh.Tests;

/// <summary>
/// The clients of every language, generated and built by their own scripts; the tour of each makes the same calls and prints what it saw.
/// </summary>
public sealed class ClientTests(RunningMesh mesh)
{
    /// <summary>What the build scripts end with when a tool is missing.</summary>
    private const int ToolMissing = 69;

    // the first build of Go compiles gRPC too
    private static readonly TimeSpan _buildLimit = TimeSpan.FromMinutes(5);

    [Theory]
    [InlineData("dotnet")]
    [InlineData("python")]
    [InlineData("node")]
    [InlineData("go")]
    [InlineData("java")]
    public async Task Tour_MakesEveryKindOfCall(string language)
    {
        var built = Path.Combine(Checkout.Root, "artifacts", "clients", language);
        await BuildAsync(language, built);
        var address = language == "dotnet" ? mesh.Gateway.Address : new Uri(mesh.Gateway.Address).Authority;

        var (code, output, error) = await RunAsync(Path.Combine(built, "tour"), TimeSpan.FromMinutes(1), address);

        code.ShouldBe(0, error);
        using var seen = JsonDocument.Parse(output);
        var root = seen.RootElement;
        root.GetProperty("serving").GetInt32().ShouldBe(5);
        var stages = root.GetProperty("stages").EnumerateArray().Select(stage => stage.GetString()!).ToList();
        stages[0].ShouldBe("STAGE_COARSE");
        stages.ShouldContain("STAGE_VERIFY");
        root.GetProperty("steps").GetInt32().ShouldBeGreaterThan(1);
        root.GetProperty("png").GetString().ShouldBe("89504e47");
        root.GetProperty("reward").GetDouble().ShouldBeLessThan(0);
        root.GetProperty("gradient").GetInt32().ShouldBe(3 * 64 * 64 * sizeof(float));
        root.GetProperty("refused").GetString().ShouldBe("INVALID_ARGUMENT");
        root.GetProperty("reason").GetString().ShouldBe("INVALID_ARGUMENT");
        root.GetProperty("field").GetString()!.ShouldEndWith("prompt");
        // a service that knows how long its steps take does not begin what cannot end in time
        root.GetProperty("late").GetString().ShouldBeOneOf("DEADLINE_EXCEEDED", "RESOURCE_EXHAUSTED");
        root.GetProperty("left").GetString().ShouldBe("CANCELLED");
    }

    [Fact]
    public async Task PythonRewards_PassTheirOwnTests()
    {
        var built = Path.Combine(Checkout.Root, "artifacts", "clients", "python");
        await BuildAsync("python", built);

        var (code, _, error) = await RunAsync(
            "/usr/bin/env", TimeSpan.FromMinutes(1), $"PYTHONPATH={Path.Combine(built, "package")}", "/usr/bin/python3", "-m", "unittest", "discover", "-s",
            Path.Combine(Checkout.Root, "clients", "python", "tests"));

        code.ShouldBe(0, error);
        error.ShouldContain("Ran 7 tests");
    }

    /// <summary>A laptop without the tools skips the test; CI fails.</summary>
    private static async Task BuildAsync(string language, string folder)
    {
        var (code, output, error) = await RunAsync(Path.Combine(Checkout.Root, "clients", language, "build"), _buildLimit, folder);
        if (code == ToolMissing && Environment.GetEnvironmentVariable("CI") is not { Length: > 0 })
            Assert.Skip(error.Trim());
        code.ShouldBe(0, $"{error}{output}");
    }

    private static async Task<(int Code, string Output, string Error)> RunAsync(string program, TimeSpan limit, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        // this test is built after the .NET client
        start.Environment["NO_BUILD"] = "1";
        using var process = Process.Start(start)!;
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        using var late = new CancellationTokenSource(limit);
        try
        {
            await process.WaitForExitAsync(late.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"{program} did not end within {limit.TotalSeconds:0} s");
        }

        return (process.ExitCode, await output, await error);
    }
}
