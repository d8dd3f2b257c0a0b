using System.Diagnostics;
using Realign.Cli.Tests.Fakes;
using Realign.Testing;
using Shouldly;
using Xunit;

namespace Realign.Cli.Tests;

/// <summary>A proxy in the environment, where nothing listens.</summary>
public sealed class ProxyTests
{
    private const string DeadProxy = "http://127.0.0.1:1";

    [Fact]
    public async Task ServiceOnThisMachine_IsReachedWithoutTheProxy()
    {
        await using var services = await FakeServices.StartAsync();
        // the variables are read once a process: the program has to be one of its own, with its own libraries around it
        var configuration = new DirectoryInfo(AppContext.BaseDirectory.TrimEnd('/')).Name;
        var start = new ProcessStartInfo(Path.Combine(Checkout.Root, "artifacts/bin/Realign.Cli", configuration, "realign"),
            ["scene", "two black dogs", "--entities", "--deadline", "30", "--address", services.Address])
        { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var name in new[] { "http_proxy", "https_proxy", "all_proxy", "HTTPS_PROXY", "ALL_PROXY" })
            start.Environment[name] = DeadProxy;
        foreach (var name in new[] { "no_proxy", "NO_PROXY" })
            _ = start.Environment.Remove(name);

        using var cli = Process.Start(start)!;
        var (output, error) = (cli.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken),
            cli.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken));
        await cli.WaitForExitAsync(TestContext.Current.CancellationToken).DefaultTimeout();

        cli.ExitCode.ShouldBe(0, await error);
        (await output).ShouldContain("black");
    }
}
