using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.Versioning;
using Realign.Cli.Mesh;
using Realign.Testing;
using Shouldly;
using Xunit;

namespace Realign.Cli.Tests;

/// <summary>What can go wrong when services are started, and stopping. Starting the real ones is tested with the whole mesh.</summary>
[Collection(Cli.Collection)]
[SupportedOSPlatform("linux")]
public sealed class UpDownTests
{
    private const int Interrupt = 2;
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
        Directory.GetFiles(cli.In("state"), "*.service").ShouldBeEmpty();
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
        Directory.GetFiles(cli.In("state"), "*.service").Select(Path.GetFileName).ShouldBeSubsetOf(["tagger.service"]);
    }

    [Fact]
    public async Task ServicesThatNeverServe_AreStoppedAfterTheTimeout()
    {
        using var cli = new Cli();
        WritePrograms(cli, "sleep 600 & wait");

        var (code, _, error) = await Cli.RunAsync("up", "--programs", cli.In("programs"), "--port-base", $"{FreePorts()}", "--timeout", "0.5");

        code.ShouldBe(ExitCodes.Failure);
        error.ShouldContain("not serving");
        Directory.GetFiles(cli.In("state"), "*.service").ShouldBeEmpty();
        (await Cli.RunAsync("down")).Output.ShouldContain("was not running");
    }

    [Fact]
    public async Task CtrlC_WhileServicesStart_LeavesNoneRunning()
    {
        using var cli = new Cli();
        WritePrograms(cli, "trap '' TERM; sleep 600");
        var start = new ProcessStartInfo(Path.Combine(AppContext.BaseDirectory, "realign"))
        {
            ArgumentList = { "up", "--programs", cli.In("programs"), "--port-base", $"{FreePorts()}" },
            Environment = { ["REALIGN_STATE"] = cli.In("state") },
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        };
        _ = Directory.CreateDirectory(cli.In("state"));
        using var appeared = new FileSystemWatcher(cli.In("state"), "tagger.service") { EnableRaisingEvents = true };
        var record = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        appeared.Renamed += (_, _) => record.TrySetResult();
        using var up = Process.Start(start)!;
        await record.Task.DefaultTimeout();
        int[] ids = [.. Directory.GetFiles(cli.In("state"), "*.service").Select(file => ServiceRecord.Read(file)!.Id)];

        Signals.Send(up.Id, Interrupt).ShouldBeTrue();
        await up.WaitForExitAsync(TestContext.Current.CancellationToken).DefaultTimeout();

        Directory.GetFiles(cli.In("state"), "*.service").ShouldBeEmpty();
        ids.Where(id => ServiceRecord.StartTimeOf(id) is not null).ShouldBeEmpty();
    }

    [Fact]
    public async Task CopiedStateFolder_IsNotTakenForThisCheckoutsMesh()
    {
        using var cli = new Cli();
        using var stranger = StartStranger("REALIGN_LOG", cli.In("elsewhere/tagger.log"));
        WriteRecord(cli, stranger.Id, ServiceRecord.StartTimeOf(stranger.Id)!.Value);

        var (code, output, _) = await Cli.RunAsync("down");

        code.ShouldBe(0);
        output.ShouldContain("was not running");
        stranger.HasExited.ShouldBeFalse();
        stranger.Kill();
    }

    [Fact]
    public async Task ReusedProcessId_IsNotStopped()
    {
        using var cli = new Cli();
        using var stranger = StartStranger("REALIGN_LOG", cli.In("state/tagger.log"));
        WriteRecord(cli, stranger.Id, ServiceRecord.StartTimeOf(stranger.Id)!.Value - 1);

        (await Cli.RunAsync("down")).Output.ShouldContain("was not running");

        stranger.HasExited.ShouldBeFalse();
        stranger.Kill();
    }

    [Fact]
    public async Task RunningMesh_OtherSettingsOrPorts_AreRefused()
    {
        using var cli = new Cli();
        using var running = StartStranger("REALIGN_LOG", cli.In("state/tagger.log"));
        WriteRecord(cli, running.Id, ServiceRecord.StartTimeOf(running.Id)!.Value);

        var settings = await Cli.RunAsync("up", "--programs", cli.In("programs"), "--port-base", "5997", "--set", "Generator:Threads=2");
        var ports = await Cli.RunAsync("up", "--programs", cli.In("programs"), "--port-base", "7000");

        settings.Code.ShouldBe(ExitCodes.Failure);
        settings.Error.ShouldContain("settings are read when a service starts");
        ports.Code.ShouldBe(ExitCodes.Failure);
        ports.Error.ShouldContain("http://127.0.0.1:6000");
        running.Kill();
    }

    [Theory]
    [InlineData("")]
    [InlineData("not json")]
    [InlineData("{}")]
    [InlineData("[1]")]
    [InlineData("null")]
    [InlineData("""{"Id":1,"StartTime":1,"Address":null,"Settings":null}""")]
    public async Task BrokenRecord_IsNoRecord(string content)
    {
        using var cli = new Cli();
        _ = Directory.CreateDirectory(cli.In("state"));
        await File.WriteAllTextAsync(cli.In("state/gateway.service"), content, TestContext.Current.CancellationToken);

        var down = await Cli.RunAsync("down");
        await File.WriteAllTextAsync(cli.In("state/gateway.service"), content, TestContext.Current.CancellationToken);
        var up = await Cli.RunAsync("up", "--programs", cli.In("nowhere"));

        down.Code.ShouldBe(0);
        up.Error.ShouldContain("not built");
    }

    [Fact]
    public async Task StateFolderThatIsAFile_SaysSo()
    {
        using var cli = new Cli();
        await File.WriteAllTextAsync(cli.In("state"), "", TestContext.Current.CancellationToken);

        var (code, _, error) = await Cli.RunAsync("up");

        code.ShouldBe(ExitCodes.Failure);
        error.ShouldContain("REALIGN_STATE");
    }

    [Fact]
    public async Task LogOfACrash_SurvivesTheNextStart()
    {
        using var cli = new Cli();
        WritePrograms(cli, "case $0 in *Tagger) echo first crash; exit 1;; esac; sleep 600 & wait");
        _ = await Cli.RunAsync("up", "--programs", cli.In("programs"), "--port-base", $"{FreePorts()}");
        WritePrograms(cli, "case $0 in *Tagger) echo second crash; exit 1;; esac; sleep 600 & wait");

        _ = await Cli.RunAsync("up", "--programs", cli.In("programs"), "--port-base", $"{FreePorts()}");

        (await File.ReadAllTextAsync(cli.In("state/tagger.log"), TestContext.Current.CancellationToken)).ShouldContain("second crash");
        (await File.ReadAllTextAsync(cli.In("state/tagger.log.1"), TestContext.Current.CancellationToken)).ShouldContain("first crash");
    }

    [Fact]
    public async Task Down_NothingRuns_IsFine()
    {
        using var cli = new Cli();

        var (code, output, _) = await Cli.RunAsync("down");

        code.ShouldBe(0);
        output.ShouldContain("was not running");
    }

    private static Process StartStranger(string variable, string value) =>
        Process.Start(new ProcessStartInfo("sleep") { ArgumentList = { "600" }, Environment = { [variable] = value } })!;

    private static void WriteRecord(Cli cli, int id, ulong startTime)
    {
        _ = Directory.CreateDirectory(cli.In("state"));
        new ServiceRecord(id, startTime, "http://127.0.0.1:6000", []).Write(cli.In("state/tagger.service"));
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

    /// <summary>First of six ports that are free, below those that the system gives to connections of other tests.</summary>
    private static int FreePorts()
    {
        while (true)
        {
            var first = Random.Shared.Next(20_000, 32_000);
            if (Services.Select((_, index) => first + index).All(ServiceProcess.IsPortFree))
                return first;
        }
    }
}
