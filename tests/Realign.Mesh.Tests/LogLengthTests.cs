using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.Versioning;
using Grpc.Core;
using Grpc.Health.V1;
using Realign.Core.Files;
using Realign.Testing;
using Shouldly;
using Xunit;

namespace Realign.Mesh.Tests;

/// <summary>A service as <c>realign up</c> starts it, appending to a file: the file has an end.</summary>
[SupportedOSPlatform("linux")]
public sealed class LogLengthTests
{
    private const int Limit = 1 << 20;

    [Fact]
    public async Task TalkativeService_BoundsItsOwnLog()
    {
        var folder = Directory.CreateTempSubdirectory("realign-log-").FullName;
        var path = Path.Combine(folder, "gateway.log");
        var port = FreePort();
        var start = new ProcessStartInfo("/bin/sh",
        [
            "-c", $"exec \"$@\" >>\"${OlderLogs.PathVariable}\" 2>&1", "sh", Path.Combine(AppContext.BaseDirectory, "Realign.Gateway"),
            $"--urls=http://127.0.0.1:{port}", "--Hosting:MaxLogMegabytes=1", "--Logging:LogLevel:Default=Trace",
        ])
        { Environment = { [OlderLogs.PathVariable] = path } };
        using var service = Process.Start(start)!;
        try
        {
            using var channel = TestService.Connect($"http://127.0.0.1:{port}");
            var health = new Health.HealthClient(channel);
            var options = new CallOptions(deadline: DateTime.UtcNow.AddMinutes(1)).WithWaitForReady();
            _ = await health.CheckAsync(new HealthCheckRequest(), options);
            for (var calls = 0; !File.Exists($"{path}.1"); calls += 64)
            {
                calls.ShouldBeLessThan(50_000, "the log never began anew");
                _ = await Task.WhenAll(Enumerable.Range(0, 64).Select(_ => health.CheckAsync(new HealthCheckRequest(), options).ResponseAsync));
            }
        }
        finally
        {
            service.Kill();
            await service.WaitForExitAsync(TestContext.Current.CancellationToken).DefaultTimeout();
        }

        foreach (var file in Directory.GetFiles(folder))
            new FileInfo(file).Length.ShouldBeLessThan(Limit + (64 << 10));
        Directory.Delete(folder, recursive: true);
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
