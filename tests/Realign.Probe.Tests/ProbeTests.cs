using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Realign.Hosting;
using Realign.Testing;
using Realign.Testing.Certificates;
using Shouldly;
using Xunit;

namespace Realign.Probe.Tests;

/// <summary>The probe against real services; as machine code too where it was published.</summary>
public sealed class ProbeTests : IDisposable
{
    private static readonly string _published = Path.Combine(
        Checkout.Root, "artifacts/publish/Realign.Probe", new DirectoryInfo(AppContext.BaseDirectory.TrimEnd('/')).Name, "realign-probe");

    private readonly CertificateFiles _files = new();
    private readonly CertificateFiles _others = new();

    public static TheoryData<bool> Forms => File.Exists(_published) ? [false, true] : [false];

    [Theory]
    [MemberData(nameof(Forms))]
    public async Task Service_IsAskedByName(bool isPublished)
    {
        await using var service = await TestService.StartAsync(Build);

        (await RunAsync(isPublished, service.Address)).ShouldBe((1, "NOT_SERVING", ""));
        (await RunAsync(isPublished, service.Address, "liveness")).ShouldBe((0, "SERVING", ""));
        (await RunAsync(isPublished, service.Address, "nobody")).ShouldBe((1, "gRPC status 5", ""));
    }

    [Theory]
    [MemberData(nameof(Forms))]
    public async Task Certificates_AreBelievedAndShown(bool isPublished)
    {
        await using var service = await TestService.StartAsync(Build, "--urls=https://127.0.0.1:0", $"--Hosting:CertificateFile={_files.Certificate}",
            $"--Hosting:CertificateKeyFile={_files.Key}", $"--Hosting:ClientCAFile={_files.Authority}");
        string[] ask = [service.Address, "liveness", "--timeout", "5", "--ca", _files.Authority];

        (await RunAsync(isPublished, [.. ask, "--cert", _files.Certificate, "--key", _files.Key])).ShouldBe((0, "SERVING", ""));
        (await RunAsync(isPublished, ask)).Code.ShouldBe(2);
        (await RunAsync(isPublished, [.. ask, "--cert", _others.Certificate, "--key", _others.Key])).Code.ShouldBe(2);
        (await RunAsync(isPublished, service.Address, "--ca", _others.Authority)).Error.ShouldContain("certificate");
        (await RunAsync(isPublished, service.Address, "--ca", _files.Key)).Error.ShouldContain("--ca = ");
    }

    [Theory]
    [MemberData(nameof(Forms))]
    public async Task NoAnswer_IsTold(bool isPublished)
    {
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        var address = $"http://{silent.LocalEndpoint}";

        (await RunAsync(isPublished, address, "--timeout", "0.2")).ShouldBe((2, "", $"no answer of {address}/ within 0.2 s"));
        silent.Stop();
        (await RunAsync(isPublished, address)).Error.ShouldContain("refused");
    }

    [Theory]
    [InlineData("there is no address")]
    [InlineData("'nowhere' is no address", "nowhere")]
    [InlineData("'--fast' is unknown or lacks its value", "http://a:1", "--fast")]
    [InlineData("'--timeout soon' cannot be used", "http://a:1", "--timeout", "soon")]
    [InlineData("'--timeout 100' cannot be used", "http://a:1", "liveness", "--timeout", "100")]
    public async Task CommandLine_ThatIsWrong_IsExplained(string problem, params string[] args)
    {
        var (code, _, error) = await RunAsync(false, args);

        code.ShouldBe(2);
        error.ShouldContain(problem);
        error.ShouldContain("usage: realign-probe ADDRESS");
    }

    public void Dispose()
    {
        _files.Dispose();
        _others.Dispose();
    }

    private static async Task<(int Code, string Output, string Error)> RunAsync(bool isPublished, params string[] args)
    {
        if (!isPublished)
        {
            using var output = new StringWriter();
            using var error = new StringWriter();
            var code = await ProbeCommand.RunAsync(args, output, error).DefaultTimeout();
            return (code, output.ToString().Trim(), error.ToString().Trim());
        }

        using var process = Process.Start(new ProcessStartInfo(_published, args) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var written = process.StandardOutput.ReadToEndAsync();
        var complaint = await process.StandardError.ReadToEndAsync().DefaultTimeout();
        await process.WaitForExitAsync().DefaultTimeout();
        return (process.ExitCode, (await written).Trim(), complaint.Trim());
    }

    private static WebApplication Build(string[] args)
    {
        var builder = ServiceHost.CreateBuilder(args, 0);
        builder.Services.AddHealthChecks().AddCheck("model", () => HealthCheckResult.Unhealthy());
        return builder.BuildService();
    }
}
