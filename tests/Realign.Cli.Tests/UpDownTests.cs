using System.Net;
using System.Net.Sockets;
using System.Runtime.Versioning;
using Shouldly;
using Xunit;

namespace Realign.Cli.Tests;

/// <summary>What can go wrong when services are started, and stopping. Starting the real ones is tested with the whole mesh.</summary>
[Collection(Cli.Collection)]
[SupportedOSPlatform("linux")]
public sealed class UpDownTests
{
    private static readonly string[] Services = ["Generator", "Captioner", "Tagger", "SceneScorer", "Segmenter", "Gateway"];

    [Fact]
    public async Task NotBuilt_SaysSo()
    {
        using var cli = new Cli();

        var (code, _, error) = await Cli.RunAsync("up", "--programs", cli.In("nowhere"));

        code.ShouldBe(ExitCodes.Failure);
        error.ShouldContain("not built");
    }

    [Fact]
    public async Task PortInUse_NamesPortAndService()
    {
        using var cli = new Cli();
        WritePrograms(cli, "exec sleep 600");
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;

        var (code, _, error) = await Cli.RunAsync("up", "--programs", cli.In("programs"), "--port-base", $"{port}");

        code.ShouldBe(ExitCodes.Failure);
        error.ShouldContain($"port {port} (gateway)");
        Directory.GetFiles(cli.In("state"), "*.pid").ShouldBeEmpty();
    }

    [Fact]
    public async Task ServiceThatEndsAtOnce_ShowsItsLogAndStopsTheOthers()
    {
        using var cli = new Cli();
        WritePrograms(cli, "case $0 in *Tagger) echo no such model; exit 1;; esac; sleep 600 & wait");

        var (code, _, error) = await Cli.RunAsync("up", "--programs", cli.In("programs"), "--port-base", $"{FreePorts()}");

        code.ShouldBe(ExitCodes.Failure);
        error.ShouldContain("tagger ended while starting");
        error.ShouldContain("no such model");
        Directory.GetFiles(cli.In("state"), "*.pid").Select(Path.GetFileName).ShouldBeSubsetOf(["tagger.pid"]);
    }

    [Fact]
    public async Task ServicesThatNeverServe_AreStoppedAfterTheTimeout()
    {
        using var cli = new Cli();
        WritePrograms(cli, "sleep 600 & wait");

        var (code, _, error) = await Cli.RunAsync("up", "--programs", cli.In("programs"), "--port-base", $"{FreePorts()}", "--timeout", "0.5");

        code.ShouldBe(ExitCodes.Failure);
        error.ShouldContain("not serving");
        Directory.GetFiles(cli.In("state"), "*.pid").ShouldBeEmpty();
        (await Cli.RunAsync("down")).Output.ShouldContain("was not running");
    }

    [Fact]
    public async Task Down_NothingRuns_IsFine()
    {
        using var cli = new Cli();

        var (code, output, _) = await Cli.RunAsync("down");

        code.ShouldBe(0);
        output.ShouldContain("was not running");
    }

    private static void WritePrograms(Cli cli, string script)
    {
        foreach (var service in Services)
        {
            var path = cli.In($"programs/Realign.{service}/Realign.{service}");
            _ = Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllText(path, $"#!/bin/sh\ntrap 'kill $!; exit 0' TERM\n{script}\n");
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }

    /// <summary>A port that was free a moment ago, with room for five more.</summary>
    private static int FreePorts()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return Math.Min(((IPEndPoint)listener.LocalEndpoint).Port, 65_000);
    }
}
