using System.Diagnostics;
using System.Globalization;
using Grpc.Health.V1;
using Grpc.Net.Client;

namespace Realign.Testing;

/// <summary>A service as a process of its own, for what only a whole process shows: how much memory it holds.</summary>
public sealed class ChildService : IAsyncDisposable
{
    private const string Listening = "Now listening on: ";
    private const string MetricsPort = "--Hosting:MetricsPort=";

    private readonly Process _process;

    private ChildService(Process process, string address)
    {
        _process = process;
        Address = address;
        Channel = TestService.Connect(address);
    }

    /// <summary>Where it listens.</summary>
    public string Address { get; }

    /// <summary>A channel to it.</summary>
    public GrpcChannel Channel { get; }

    /// <summary>Bytes it holds in memory now.</summary>
    public long Memory => Status("VmRSS:");

    /// <summary>Most bytes it ever held.</summary>
    public long PeakMemory => Status("VmHWM:");

    /// <summary>Starts the program of a referenced service on a free port and waits until it serves.</summary>
    /// <param name="name">E.g. <c>Realign.Tagger</c>.</param>
    /// <param name="settings">Further settings.</param>
    public static async Task<ChildService> StartAsync(string name, params string[] settings)
    {
        var process = Process.Start(new ProcessStartInfo(Path.Combine(AppContext.BaseDirectory, name),
            ["--urls=http://127.0.0.1:0", "--Logging:LogLevel:Microsoft.Hosting.Lifetime=Information", .. settings])
        { RedirectStandardOutput = true })!;
        // where it can be scraped it says too
        var metrics = settings.LastOrDefault(setting => setting.StartsWith(MetricsPort, StringComparison.Ordinal))?[MetricsPort.Length..];
        var service = new ChildService(process, await AddressAsync(process, $":{metrics}").DefaultTimeout());
        try
        {
            using var health = new Health.HealthClient(service.Channel).Watch(new HealthCheckRequest());
            while (health.ResponseStream.Current?.Status != HealthCheckResponse.Types.ServingStatus.Serving)
                _ = await health.ResponseStream.MoveNext(CancellationToken.None).DefaultTimeout();
            return service;
        }
        catch
        {
            await service.DisposeAsync();
            throw;
        }
    }

    /// <summary>Ends it as <c>kill -9</c> does; it has no time for anything.</summary>
    public void Kill() => _process.Kill();

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        Channel.Dispose();
        Kill();
        await _process.WaitForExitAsync().DefaultTimeout();
        _process.Dispose();
    }

    private static async Task<string> AddressAsync(Process process, string notThisOne)
    {
        var found = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        process.OutputDataReceived += (_, line) =>
        {
            if (line.Data?.IndexOf(Listening, StringComparison.Ordinal) is { } at and >= 0 && !line.Data.EndsWith(notThisOne, StringComparison.Ordinal))
                _ = found.TrySetResult(line.Data[(at + Listening.Length)..].Trim());
            else if (line.Data is null)
                _ = found.TrySetException(new InvalidOperationException("the service ended without listening"));
        };
        process.BeginOutputReadLine();
        return await found.Task;
    }

    private long Status(string key)
    {
        var line = File.ReadLines($"/proc/{_process.Id}/status").First(line => line.StartsWith(key, StringComparison.Ordinal));
        return long.Parse(line[key.Length..].Replace("kB", "", StringComparison.Ordinal), CultureInfo.InvariantCulture) << 10;
    }
}
