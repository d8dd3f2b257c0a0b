using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Grpc.Net.Client;
using Realign.V1;

namespace Realign.MeshBenchmark;

/// <summary>The six services: started for this run, or somebody's.</summary>
internal sealed class MeshUnderTest : IAsyncDisposable
{
    private readonly Dictionary<string, GrpcChannel> _channels = [];
    private readonly string? _state;
    private readonly bool _isOwn;

    private MeshUnderTest(string gateway, string? state, bool isOwn)
    {
        _channels["gateway"] = Connect(gateway);
        _state = state;
        _isOwn = isOwn;
    }

    public GatewayService.GatewayServiceClient Gateway => new(Channel("gateway"));

    public GeneratorService.GeneratorServiceClient Generator => new(Channel("generator"));

    public static async Task<MeshUnderTest> StartAsync(int portBase)
    {
        var state = Directory.CreateTempSubdirectory("realign-mesh").FullName;
        await CliAsync(state, "up", "--port-base", portBase.ToString(CultureInfo.InvariantCulture));
        return await ConnectAsync(new MeshUnderTest($"http://127.0.0.1:{portBase.ToString(CultureInfo.InvariantCulture)}", state, isOwn: true));
    }

    public static Task<MeshUnderTest> UseAsync(string gateway, string? state) => ConnectAsync(new MeshUnderTest(gateway, state, isOwn: false));

    public GrpcChannel Channel(string service) => _channels[service];

    /// <summary>Resident memory of each service now and at most so far, in bytes; empty where the process ids are not known.</summary>
    public List<(string Service, long Resident, long Peak)> Memory()
    {
        var all = new List<(string, long, long)>();
        foreach (var service in _channels.Keys.Order(StringComparer.Ordinal))
        {
            if (_state is null || !File.Exists(Path.Combine(_state, $"{service}.service")))
                continue;
            using var record = JsonDocument.Parse(File.ReadAllText(Path.Combine(_state, $"{service}.service")));
            var status = File.ReadAllLines($"/proc/{record.RootElement.GetProperty("Id")}/status");
            long Field(string name) => long.Parse(
                status.First(line => line.StartsWith(name, StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2],
                    CultureInfo.InvariantCulture) * 1024;
            all.Add((service, Field("VmRSS:"), Field("VmHWM:")));
        }

        return all;
    }

    /// <summary>Runs the flow and returns its events.</summary>
    public async Task<List<RealignResponse>> RealignAsync(ulong seed)
    {
        using var call = Gateway.Realign(new RealignRequest { Generate = Request(seed) });
        var events = new List<RealignResponse>();
        while (await call.ResponseStream.MoveNext(CancellationToken.None))
            events.Add(call.ResponseStream.Current);
        return events;
    }

    public static GenerateRequest Request(ulong seed) => new() { Prompt = "a red car and a pink elephant", Seed = seed };

    public async ValueTask DisposeAsync()
    {
        foreach (var channel in _channels.Values)
            channel.Dispose();
        if (!_isOwn)
            return;
        await CliAsync(_state!, "down");
        Directory.Delete(_state!, recursive: true);
    }

    private static async Task<MeshUnderTest> ConnectAsync(MeshUnderTest mesh)
    {
        foreach (var service in (await mesh.Gateway.GetMeshStatusAsync(new GetMeshStatusRequest())).Services)
            mesh._channels[service.Name] = Connect(service.Address);
        return mesh;
    }

    private static GrpcChannel Connect(string address) => GrpcChannel.ForAddress(address, new GrpcChannelOptions { MaxReceiveMessageSize = null });

    private static async Task CliAsync(string state, params string[] arguments)
    {
        // artifacts/bin/Realign.Cli/<configuration>/ lies beside this program's own folder
        var own = new DirectoryInfo(AppContext.BaseDirectory.TrimEnd('/'));
        var program = Path.Combine(own.Parent!.Parent!.FullName, "Realign.Cli", own.Name, "realign");
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true };
        start.Environment["REALIGN_STATE"] = state;
        using var process = Process.Start(start)!;
        _ = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        if (process.ExitCode != 0)
            throw new InvalidOperationException($"realign {arguments[0]} ended with {process.ExitCode}");
    }
}
