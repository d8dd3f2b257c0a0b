using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Grpc.Core;
using Grpc.Health.V1;
using Grpc.Net.Client;

namespace Realign.LoadBenchmark;

/// <summary>A replica or the Gateway as a process of its own, on a port that it keeps when it is started again.</summary>
internal sealed class ChildProcess : IAsyncDisposable
{
    private readonly string _program;
    private readonly string[] _arguments;
    private Process? _process;

    private ChildProcess(string program, string[] arguments, Certificate? certificate = null)
    {
        _program = program;
        _arguments = [.. arguments, .. certificate?.Settings ?? []];
        Address = $"{(certificate is null ? "http" : "https")}://127.0.0.1:{FreePort().ToString(CultureInfo.InvariantCulture)}";
        Channel = GrpcChannel.ForAddress(Address, new GrpcChannelOptions
        {
            HttpHandler = certificate is null ? null : new SocketsHttpHandler { SslOptions = certificate.Client() },
            DisposeHttpClient = certificate is not null,
        });
    }

    public string Address { get; }

    public GrpcChannel Channel { get; }

    /// <summary>Its process id now.</summary>
    public int Id => _process!.Id;

    public static async Task<ChildProcess> ReplicaAsync(Certificate? certificate = null)
    {
        var child = new ChildProcess(Environment.ProcessPath!, ["replica"], certificate);
        await child.StartAsync();
        return child;
    }

    /// <summary>The Gateway before replicas, the first of which also is every service but the Generator.</summary>
    public static Task<ChildProcess> GatewayAsync(params ChildProcess[] generators) => GatewayAsync(generators, [generators[0]]);

    public static async Task<ChildProcess> GatewayAsync(
        ChildProcess[] generators, ChildProcess[] others, ChildProcess? tagger = null, Certificate? certificate = null)
    {
        // artifacts/bin/Realign.Gateway/<configuration>/ lies beside this program's own folder
        var own = new DirectoryInfo(AppContext.BaseDirectory.TrimEnd('/'));
        var readers = string.Join(',', others.Select(other => other.Address));
        var child = new ChildProcess(Path.Combine(own.Parent!.Parent!.FullName, "Realign.Gateway", own.Name, "Realign.Gateway"),
        [
            $"--Gateway:Generator={string.Join(',', generators.Select(generator => generator.Address))}", $"--Gateway:Captioner={readers}",
            $"--Gateway:Tagger={tagger?.Address ?? readers}", $"--Gateway:SceneScorer={readers}", $"--Gateway:Segmenter={readers}",
            .. certificate?.BackendSettings ?? [],
        ], certificate);
        await child.StartAsync();
        return child;
    }

    /// <summary>Starts it, and waits until it serves.</summary>
    public async Task StartAsync()
    {
        _process = Process.Start(new ProcessStartInfo(_program, [.. _arguments, $"--urls={Address}", "--Logging:LogLevel:Default=Warning"]))!;
        while (true)
        {
            try
            {
                var health = await new Health.HealthClient(Channel).CheckAsync(
                    new HealthCheckRequest(), new CallOptions(deadline: TimeProvider.System.GetUtcNow().UtcDateTime.AddSeconds(5)).WithWaitForReady());
                if (health.Status == HealthCheckResponse.Types.ServingStatus.Serving)
                    return;
            }
            catch (RpcException)
            {
                await Task.Delay(20);
            }
        }
    }

    /// <summary>Sends a signal, e.g. <c>STOP</c>.</summary>
    public async Task SignalAsync(string name)
    {
        using var kill = Process.Start("/bin/kill", [$"-{name}", $"{Id}"]);
        await kill.WaitForExitAsync();
    }

    /// <summary>Asks it to end, as a rolling restart does, or ends it at once; and starts it again.</summary>
    public async Task RestartAsync(string signal)
    {
        await SignalAsync(signal);
        await _process!.WaitForExitAsync();
        await StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        Channel.Dispose();
        if (_process is not { HasExited: false })
            return;
        _process.Kill();
        await _process.WaitForExitAsync();
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
