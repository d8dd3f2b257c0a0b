using System.Diagnostics;
using System.Runtime.Versioning;
using Realign.Testing;
using Shouldly;
using Xunit;

namespace Realign.Cli.Tests;

/// <summary>What <c>./run</c> and <c>./test</c> do where apt cannot go on at once. An <c>apt-get</c> and a <c>sleep</c> of the test's own come first.</summary>
[SupportedOSPlatform("linux")]
public sealed class SetupTests : IDisposable
{
    private const string Locked = "E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 1";

    private readonly string _folder = Directory.CreateTempSubdirectory("realign-setup-").FullName;

    private string Calls => Path.Combine(_folder, "calls");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Apt_LockedTwice_IsTriedUntilItIsFree()
    {
        Write("apt-get", $"[ $(wc -l <'{Calls}') -gt 2 ] && exit 0; echo '{Locked}' >&2; exit 100");

        var (code, error) = await AptGetAsync("update");

        code.ShouldBe(0, error);
        var calls = await File.ReadAllLinesAsync(Calls, TestContext.Current.CancellationToken);
        calls.Length.ShouldBe(3);
        calls.ShouldAllBe(call => call.EndsWith(" update"));
        error.ShouldContain("waiting for another package installation");
    }

    [Fact]
    public async Task Apt_AnotherFailure_EndsAtOnceWithItsText()
    {
        Write("apt-get", "echo 'E: Unable to locate package nothing' >&2; exit 100");

        var (code, error) = await AptGetAsync("install", "nothing");

        code.ShouldBe(1);
        (await File.ReadAllLinesAsync(Calls, TestContext.Current.CancellationToken)).Length.ShouldBe(1);
        error.ShouldContain("E: Unable to locate package nothing");
        error.ShouldContain("error: apt-get install failed; the lines above say why");
    }

    private async Task<(int Code, string Error)> AptGetAsync(params string[] arguments)
    {
        Write("sleep", "exit 0");
        var start = new ProcessStartInfo("bash", ["-c", ". \"$0\"; apt_get \"$@\"", Path.Combine(Checkout.Root, "tools/setup/common.sh"), .. arguments])
        {
            RedirectStandardError = true,
            Environment = { ["PATH"] = $"{_folder}:{Environment.GetEnvironmentVariable("PATH")}" },
        };
        using var bash = Process.Start(start)!;
        var error = bash.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await bash.WaitForExitAsync(TestContext.Current.CancellationToken).DefaultTimeout();
        return (bash.ExitCode, await error);
    }

    private void Write(string program, string script)
    {
        var path = Path.Combine(_folder, program);
        File.WriteAllText(path, $"#!/bin/sh\n[ \"${{0##*/}}\" = sleep ] || echo \"$*\" >>'{Calls}'\n{script}\n");
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }
}
