using System.Text.Json;
using Grpc.Core;
using Realign.Testing;
using Shouldly;
using Xunit;

namespace Realign.Cli.Tests.Benching;

/// <summary><c>realign bench</c> as a user calls it.</summary>
[Collection(Cli.Collection)]
public sealed class BenchCommandTests
{
    private static readonly string[] _short = ["--warm-up", "0", "--window", "0.05", "--max-windows", "3"];

    [Fact]
    public async Task Loads_AreMeasuredOneAfterTheOther_AndWritten()
    {
        using var cli = new Cli();
        await using var service = await BenchedService.StartAsync(_ => Task.CompletedTask);

        var (code, output, error) = await Cli.RunAsync(
            ["bench", "tag", "--address", service.Address, "--concurrency", "1,2", "--rate", "40", "--tenant", "a:3,b:1", "--out", cli.In("bench"), .. _short]);

        code.ShouldBe(ExitCodes.Success, error);
        output.ShouldContain("2 at once");
        output.ShouldContain("40.0/s");
        error.ShouldContain("concurrency 2: window 3");
        using var json = JsonDocument.Parse(await File.ReadAllTextAsync(cli.In("bench/bench.json")));
        json.RootElement.GetProperty("method").GetString().ShouldBe("TaggerService/Tag");
        var loads = json.RootElement.GetProperty("loads").EnumerateArray().ToList();
        loads.Select(load => (load.GetProperty("kind").GetString(), load.GetProperty("level").GetDouble())).ShouldBe(
            [("concurrency", 1), ("concurrency", 2), ("rate", 40)]);
        foreach (var load in loads)
        {
            load.GetProperty("codes").EnumerateObject().Select(entry => entry.Name).ShouldBe(["OK"]);
            load.GetProperty("latency_ms").GetProperty("p50").GetDouble().ShouldBeGreaterThan(0);
        }

        loads[2].GetProperty("tenants").EnumerateObject().Select(entry => entry.Name).ShouldBe(["a", "b"]);
        var lines = (await File.ReadAllLinesAsync(cli.In("bench/bench.csv"))).Select(line => line.Split(',')).ToList();
        lines.Count.ShouldBe(1 + (3 * 3));
        lines.ShouldAllBe(line => line.Length == lines[0].Length);
        (await File.ReadAllBytesAsync(cli.In("bench/bench.png"))).Take(4).ShouldBe([0x89, (byte)'P', (byte)'N', (byte)'G']);
    }

    [Fact]
    public async Task RequestThatIsRefused_IsToldOnce()
    {
        var calls = 0;
        await using var service = await BenchedService.StartAsync(_ =>
        {
            calls++;
            throw new RpcException(new Status(StatusCode.InvalidArgument, "no such picture"));
        });

        var (code, _, error) = await Cli.RunAsync(["bench", "tag", "--address", service.Address, .. _short]);

        code.ShouldBe(ExitCodes.Usage);
        error.ShouldContain("no such picture");
        calls.ShouldBe(1);
    }

    [Fact]
    public async Task LoadAtWhichNothingEndsWell_IsAFailure()
    {
        var calls = 0;
        await using var service = await BenchedService.StartAsync(_ => Interlocked.Increment(ref calls) == 1
            ? Task.CompletedTask : throw new RpcException(new Status(StatusCode.ResourceExhausted, "full")));

        var (code, output, _) = await Cli.RunAsync(["bench", "tag", "--address", service.Address, "--json", .. _short]);

        code.ShouldBe(ExitCodes.Failure);
        using var json = JsonDocument.Parse(output);
        var load = json.RootElement.GetProperty("loads")[0];
        load.GetProperty("codes").EnumerateObject().Select(entry => entry.Name).ShouldBe(["RESOURCE_EXHAUSTED"]);
        load.GetProperty("refusal_ms").GetProperty("p99").GetDouble().ShouldBeGreaterThan(0);
    }

    [Fact]
    public async Task AnyMethod_IsCalledByItsNameWithABody()
    {
        await using var service = await BenchedService.StartAsync(_ => Task.CompletedTask);

        var (code, output, error) = await Cli.RunAsync(
            ["bench", "realign.v1.TaggerService/Tag", "--body", """{"include_ungroundable": true}""", "--address", service.Address, "--json", .. _short]);

        code.ShouldBe(ExitCodes.Success, error);
        output.ShouldContain("TaggerService/Tag");
    }

    [Fact]
    public async Task CancelLatency_IsThatOfASmallCallAfterALongOne()
    {
        var (left, small) = (0, 0);
        await using var service = await BenchedService.StartAsync(_ => Task.CompletedTask, async (request, context) =>
        {
            // the first one only finds out whether the request is a good one
            if (request.NumInferenceSteps == 1 || small == 0)
            {
                small += request.NumInferenceSteps == 1 ? 1 : 0;
                return;
            }

            var gone = new TaskCompletionSource();
            await using (context.CancellationToken.UnsafeRegister(_ => gone.SetResult(), null))
                await gone.Task.DefaultTimeout();
            _ = Interlocked.Increment(ref left);
        });

        var (code, output, error) = await Cli.RunAsync(
            "bench", "generate", "--num-inference-steps", "200", "--cancel-after", "0.05", "--address", service.Address, "--json");

        code.ShouldBe(ExitCodes.Success, error);
        using var json = JsonDocument.Parse(output);
        json.RootElement.GetProperty("cancel").GetProperty("cancelled_ms").GetProperty("count").GetInt32().ShouldBe(10);
        (left, small).ShouldBe((10, 20));
    }

    [Fact]
    public async Task CallThatIsOverBeforeItsCallerLeaves_IsSaid()
    {
        await using var service = await BenchedService.StartAsync(_ => Task.CompletedTask);

        var (code, _, error) = await Cli.RunAsync("bench", "generate", "--cancel-after", "30", "--address", service.Address);

        code.ShouldBe(ExitCodes.Usage);
        error.ShouldContain("the call was over (OK) before 30 s");
    }

    [Theory]
    [InlineData("--concurrency takes whole numbers from 1 to 4096, e.g. 1,2,4; not '1,0'", "tag", "--concurrency", "1,0")]
    [InlineData("--concurrency takes whole numbers from 1 to 4096, e.g. 1,2,4; not '1.5'", "tag", "--concurrency", "1.5")]
    [InlineData("--rate takes numbers above 0 and up to 100000, e.g. 5,10,20; not '5;10'", "tag", "--rate", "5;10")]
    [InlineData("--overload takes multiples above 0 and up to 100, e.g. 0.5,1,2,3; not 'much'", "tag", "--overload", "much")]
    [InlineData("--tenant takes names with whole shares of 1 to 1000, e.g. a:10,b:1; not 'a=10'", "tag", "--tenant", "a=10")]
    [InlineData("--window takes 0.05 to 3600 seconds", "tag", "--window", "0")]
    [InlineData("--warm-up takes 0 to 3600 seconds", "tag", "--warm-up", "-1")]
    [InlineData("--max-windows takes 3 to 1000: fewer cannot be compared", "tag", "--max-windows", "2")]
    [InlineData("--cancel-after takes more than 0 and at most 3600 seconds", "generate", "--cancel-after", "0")]
    [InlineData("--cancel-after measures one call at a time", "generate", "--cancel-after", "1", "--rate", "5")]
    [InlineData("there is no method 'paint': use health, realign, generate,", "paint")]
    [InlineData("there is no method 'TaggerService/Paint'", "TaggerService/Paint")]
    [InlineData("--body is no TagRequest: ", "tag", "--body", "{\"images\": 1}")]
    [InlineData("--body is no TagRequest: ", "tag", "--body", "{")]
    [InlineData("there is no file nowhere.png", "tag", "--image", "nowhere.png")]
    [InlineData("there is no reward 'beauty'", "reward", "--rewards", "beauty")]
    public async Task WhatIsWrong_IsSaid(string expected, params string[] arguments)
    {
        var (code, output, error) = await Cli.RunAsync(["bench", .. arguments, "--address", "http://127.0.0.1:1"]);

        code.ShouldBe(ExitCodes.Usage, error);
        output.ShouldBeEmpty();
        error.ShouldContain(expected);
    }
}
