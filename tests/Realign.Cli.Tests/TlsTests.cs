using System.Diagnostics;
using Realign.Cli.Connections;
using Realign.Cli.Tests.Fakes;
using Realign.Testing;
using Realign.Testing.Certificates;
using Shouldly;
using Xunit;

namespace Realign.Cli.Tests;

/// <summary>Services that are reached with TLS: what the environment names is believed and shown.</summary>
public sealed class TlsTests : IDisposable
{
    private readonly CertificateFiles _files = new();
    private readonly CertificateFiles _others = new();

    [Fact]
    public async Task Service_WithCertificates_IsAsked()
    {
        await using var service = await StartAsync();

        (await StatusAsync(service, _files.Authority, _files.Certificate, _files.Key)).ShouldBe((0, ""));
        (await StatusAsync(service, _files.Authority)).Error.ShouldContain("wants a certificate that REALIGN_CERT does not name");
        (await StatusAsync(service, _others.Authority)).Error.ShouldContain("in REALIGN_CA, or the address with the name that is in its certificate");
        (await StatusAsync(service)).Error.ShouldContain("TLS with what answers at");
    }

    [Fact]
    public async Task Files_ThatAreNotUsable_AreNamed()
    {
        await using var service = await StartAsync();

        var (code, error) = await StatusAsync(service, "/nowhere/ca.pem", _files.Certificate);

        code.ShouldBe(ExitCodes.Usage);
        error.ShouldContain("REALIGN_CA = /nowhere/ca.pem");
        error.ShouldContain("REALIGN_CERT and REALIGN_CERT_KEY go together");
    }

    public void Dispose()
    {
        _files.Dispose();
        _others.Dispose();
    }

    // the environment is that of a whole process
    private static async Task<(int Code, string Error)> StatusAsync(TestService service, string authority = "", string certificate = "", string key = "")
    {
        var configuration = new DirectoryInfo(AppContext.BaseDirectory.TrimEnd('/')).Name;
        var start = new ProcessStartInfo(Path.Combine(Checkout.Root, "artifacts/bin/Realign.Cli", configuration, "realign"),
            ["status", "--address", service.Address])
        { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment[TlsVariables.Authorities] = authority;
        start.Environment[TlsVariables.Certificate] = certificate;
        start.Environment[TlsVariables.CertificateKey] = key;
        using var cli = Process.Start(start)!;
        _ = cli.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        var error = await cli.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await cli.WaitForExitAsync(TestContext.Current.CancellationToken).DefaultTimeout();
        return (cli.ExitCode, error);
    }

    private Task<TestService> StartAsync() => FakeServices.StartAsync("--urls=https://127.0.0.1:0", $"--Hosting:CertificateFile={_files.Certificate}",
        $"--Hosting:CertificateKeyFile={_files.Key}", $"--Hosting:ClientCAFile={_files.Authority}");
}
