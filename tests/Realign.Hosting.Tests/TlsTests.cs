using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Grpc.Core;
using Grpc.Health.V1;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Options;
using Realign.Testing;
using Realign.Testing.Certificates;
using Shouldly;
using Xunit;

namespace Realign.Hosting.Tests;

/// <summary>Services with certificates, over real sockets.</summary>
public sealed class TlsTests : IDisposable
{
    private readonly CertificateFiles _files = new();
    private readonly CertificateFiles _others = new();

    [Fact]
    public async Task Certificate_IsShown_ToWhoBelievesItsAuthorityOnly()
    {
        await using var service = await StartAsync();

        service.Address.ShouldStartWith("https://127.0.0.1:");
        (await CheckAsync(service, _files.Client())).ShouldBe(HealthCheckResponse.Types.ServingStatus.Serving);
        (await FailsAsync(service, _others.Client())).Status.DebugException.ShouldBeOfType<HttpRequestException>()
            .HttpRequestError.ShouldBe(HttpRequestError.SecureConnectionError);
        // the machine's own authorities do not know it either
        (await FailsAsync(service, new SslClientAuthenticationOptions())).StatusCode.ShouldBe(StatusCode.Internal);
    }

    [Fact]
    public async Task ClientWithoutTls_IsRefused()
    {
        await using var service = await StartAsync();
        using var channel = TestService.Connect(service.Address.Replace("https", "http", StringComparison.Ordinal));

        (await TestService.FailsAsync(() => CheckAsync(channel))).StatusCode.ShouldBeOneOf(StatusCode.Unavailable, StatusCode.Internal);

        (await CheckAsync(service, _files.Client())).ShouldBe(HealthCheckResponse.Types.ServingStatus.Serving);
    }

    [Theory]
    [InlineData("http/1.1", "h2", true)]
    [InlineData("http/1.1", null, false)]
    public async Task OnlyHttp2_IsAgreedOn(string first, string? second, bool isTaken)
    {
        await using var service = await StartAsync();
        var options = _files.Client();
        options.ApplicationProtocols = [.. new[] { first, second }.OfType<string>().Select(name => new SslApplicationProtocol(name))];

        var shaking = ShakeHandsAsync(service, options);

        if (isTaken)
            (await shaking).Protocol.ShouldBe("h2");
        else
            _ = await Should.ThrowAsync<AuthenticationException>(shaking);
    }

    [Fact]
    public async Task Client_MustShowACertificateOfTheAuthority()
    {
        await using var service = await StartAsync($"--Hosting:ClientCAFile={_files.Authority}");

        (await CheckAsync(service, _files.Client(_files))).ShouldBe(HealthCheckResponse.Types.ServingStatus.Serving);
        (await FailsAsync(service, _files.Client())).StatusCode.ShouldBe(StatusCode.Unavailable);
        (await FailsAsync(service, _files.Client(_others))).StatusCode.ShouldBe(StatusCode.Unavailable);
    }

    [Theory]
    [InlineData(1, true)]
    [InlineData(-1, false)]
    public async Task Client_MustShowACertificateThatHolds(int days, bool isTaken)
    {
        await using var service = await StartAsync($"--Hosting:ClientCAFile={_files.Authority}");
        _files.Issue(days);
        using var shown = X509Certificate2.CreateFromPemFile(_files.Certificate, _files.Key);
        var client = _files.Client();
        client.ClientCertificates = [shown];

        if (isTaken)
            (await CheckAsync(service, client)).ShouldBe(HealthCheckResponse.Types.ServingStatus.Serving);
        else
            (await FailsAsync(service, client)).StatusCode.ShouldBeOneOf(StatusCode.Unavailable, StatusCode.Internal);
    }

    [Fact]
    public async Task Certificate_IsReplacedUnderLoad_WithoutAFailedCall()
    {
        await using var service = await StartAsync($"--Hosting:ClientCAFile={_files.Authority}");
        using var channel = TestService.Connect(service.Address, _files.Client(_files));
        var isOver = false;
        var running = Task.WhenAll(Enumerable.Range(0, 4).Select(async _ =>
        {
            for (var calls = 0; ; calls++)
            {
                if (Volatile.Read(ref isOver))
                    return calls;
                (await CheckAsync(channel)).ShouldBe(HealthCheckResponse.Types.ServingStatus.Serving);
            }
        }));

        for (var round = 0; round < 3; round++)
        {
            _files.Issue();
            // the service looks once a second; each of these connections carries a call too
            string shown;
            do
            {
                (await CheckAsync(service, _files.Client(_files))).ShouldBe(HealthCheckResponse.Types.ServingStatus.Serving);
                shown = (await ShakeHandsAsync(service, _files.Client(_files))).Serial;
            }
            while (shown != _files.Serial);
        }

        Volatile.Write(ref isOver, true);
        (await running.DefaultTimeout()).Sum().ShouldBeGreaterThan(100);
    }

    [Theory]
    [InlineData("no certificate", "no certificate in it")]
    [InlineData("", "no certificate in it")]
    public async Task Certificate_ThatIsSpoiled_LeavesTheOldOne(string text, string problem)
    {
        await using var service = await StartAsync();
        var serial = _files.Serial;
        (await ShakeHandsAsync(service, _files.Client())).Serial.ShouldBe(serial);

        _files.Spoil(text);
        while (!service.Logs.Any(entry => entry.Text.Contains(problem)))
            (await ShakeHandsAsync(service, _files.Client())).Serial.ShouldBe(serial);

        service.Logs.ShouldContain(entry => entry.Text.Contains("what was known stays"));
        service.Logs.ShouldAllBe(entry => !entry.Text.Contains("PRIVATE KEY"));
    }

    [Fact]
    public void Certificate_ThatHasExpired_KeepsTheServiceFromStarting()
    {
        _files.Issue(days: -1);

        Refused(CertificateSettings()).ShouldContain("have it renewed");
    }

    [Fact]
    public void Files_ThatAreNotUsable_KeepTheServiceFromStarting()
    {
        Refused("--Hosting:CertificateFile=/nowhere/tls.crt", $"--Hosting:CertificateKeyFile={_files.Key}").ShouldContain("/nowhere/tls.crt");
        Refused($"--Hosting:CertificateFile={_files.Certificate}").ShouldContain("Hosting:CertificateKeyFile go together");
        Refused($"--Hosting:ClientCAFile={_files.Authority}").ShouldContain("needs TLS");
        Refused($"--Hosting:CertificateFile={_files.Certificate}", $"--Hosting:CertificateKeyFile={_others.Key}")
            .ShouldContain("no private key of the certificate");
        Refused([.. CertificateSettings(), $"--Hosting:ClientCAFile={_files.Key}"]).ShouldContain("Hosting:ClientCAFile = ");
        Refused([.. CertificateSettings(), "--urls=http://127.0.0.1:0"]).ShouldContain("write it like https://127.0.0.1:5101");
    }

    [Fact]
    public async Task ServiceWithoutAddresses_ListensWithTls()
    {
        await using var app = Build(CertificateSettings());

        await app.StartAsync().DefaultTimeout();

        app.Urls.ShouldAllBe(address => address.StartsWith("https://127.0.0.1:"));
    }

    public void Dispose()
    {
        _files.Dispose();
        _others.Dispose();
    }

    private static async Task<HealthCheckResponse.Types.ServingStatus> CheckAsync(GrpcChannel channel) =>
        (await new Health.HealthClient(channel).CheckAsync(new HealthCheckRequest()).ResponseAsync.DefaultTimeout()).Status;

    private static async Task<HealthCheckResponse.Types.ServingStatus> CheckAsync(TestService service, SslClientAuthenticationOptions tls)
    {
        using var channel = TestService.Connect(service.Address, tls);
        return await CheckAsync(channel);
    }

    private static Task<RpcException> FailsAsync(TestService service, SslClientAuthenticationOptions tls) =>
        TestService.FailsAsync(() => CheckAsync(service, tls));

    private static async Task<(string Serial, string Protocol)> ShakeHandsAsync(TestService service, SslClientAuthenticationOptions options)
    {
        var address = new Uri(service.Address);
        using var client = new TcpClient();
        await client.ConnectAsync(address.Host, address.Port).DefaultTimeout();
        await using var stream = new SslStream(client.GetStream());
        options.TargetHost = address.Host;
        options.ApplicationProtocols ??= [SslApplicationProtocol.Http2];
        await stream.AuthenticateAsClientAsync(options).DefaultTimeout();
        return (stream.RemoteCertificate!.GetSerialNumberString(), stream.NegotiatedApplicationProtocol.ToString());
    }

    private static string Refused(params string[] settings) => Should.Throw<OptionsValidationException>(() => Build(settings)).Message;

    private static WebApplication Build(string[] args) => ServiceHost.CreateBuilder(args, 0).BuildService();

    private string[] CertificateSettings() => [$"--Hosting:CertificateFile={_files.Certificate}", $"--Hosting:CertificateKeyFile={_files.Key}"];

    private Task<TestService> StartAsync(params string[] settings) =>
        TestService.StartAsync(Build, ["--urls=https://127.0.0.1:0", .. CertificateSettings(), .. settings]);
}
