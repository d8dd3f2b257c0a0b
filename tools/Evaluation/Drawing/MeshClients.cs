using System.Collections.Concurrent;
using Grpc.Core;
using Grpc.Net.Client;
using Realign.V1;
using Realign.Wire.Mesh;

namespace Realign.Evaluation.Drawing;

/// <summary>Connections to the services: the Gateway names the others.</summary>
internal sealed class MeshClients : IDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(30);

    private readonly ConcurrentDictionary<string, GrpcChannel> _channels = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, Task<IReadOnlyDictionary<string, string>>> _services = new(StringComparer.Ordinal);

    private MeshClients(string gateway) => Gateway = gateway;

    /// <summary>The Gateway of the run.</summary>
    public string Gateway { get; }

    /// <summary>Address of the Captioner that reads.</summary>
    public string Captioner { get; private set; } = "";

    /// <summary>Address of the Tagger that reads.</summary>
    public string Tagger { get; private set; } = "";

    /// <summary>Address of the Segmenter that reads.</summary>
    public string Segmenter { get; private set; } = "";

    /// <summary>Asks a Gateway for the services behind it.</summary>
    /// <exception cref="EvaluationException">It does not answer.</exception>
    public static async Task<MeshClients> ConnectAsync(string gateway, CancellationToken cancellationToken)
    {
        var mesh = new MeshClients(gateway);
        try
        {
            var services = await mesh.ServicesAsync(gateway, cancellationToken);
            (mesh.Captioner, mesh.Tagger, mesh.Segmenter) =
                (services[MeshService.Captioner.Name], services[MeshService.Tagger.Name], services[MeshService.Segmenter.Name]);
            return mesh;
        }
        catch
        {
            mesh.Dispose();
            throw;
        }
    }

    /// <summary>Address of the Generator behind a Gateway; of several, the first.</summary>
    public async Task<string> GeneratorOfAsync(string gateway, CancellationToken cancellationToken) =>
        (await ServicesAsync(gateway, cancellationToken))[MeshService.Generator.Name];

    /// <summary>A unary call.</summary>
    /// <exception cref="EvaluationException">It failed: names the address and the reason.</exception>
    public Task<T> CallAsync<T>(string address, Func<CallInvoker, CallOptions, AsyncUnaryCall<T>> call, CancellationToken cancellationToken) =>
        RunAsync(address, async (invoker, options) => await call(invoker, options), cancellationToken);

    /// <summary>Any call.</summary>
    /// <exception cref="EvaluationException">It failed: names the address and the reason.</exception>
    public async Task<T> RunAsync<T>(string address, Func<CallInvoker, CallOptions, Task<T>> call, CancellationToken cancellationToken)
    {
        var options = new CallOptions(deadline: TimeProvider.System.GetUtcNow().UtcDateTime + Deadline, cancellationToken: cancellationToken);
        try
        {
            return await call(Channel(address).CreateCallInvoker(), options);
        }
        catch (RpcException exception) when (!cancellationToken.IsCancellationRequested)
        {
            throw new EvaluationException($"{address}: {exception.StatusCode}, {exception.Status.Detail}. What is drawn is kept: the same command goes on",
                exception.StatusCode == StatusCode.Unavailable ? EvaluationException.Unavailable : EvaluationException.Failure);
        }
        catch (RpcException exception)
        {
            throw new OperationCanceledException("cancelled", exception, cancellationToken);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var channel in _channels.Values)
            channel.Dispose();
    }

    private Task<IReadOnlyDictionary<string, string>> ServicesAsync(string gateway, CancellationToken cancellationToken) =>
        _services.GetOrAdd(gateway, address => AskAsync(address, cancellationToken));

    private async Task<IReadOnlyDictionary<string, string>> AskAsync(string gateway, CancellationToken cancellationToken)
    {
        var status = await CallAsync(gateway, (invoker, options) => new GatewayService.GatewayServiceClient(invoker).GetMeshStatusAsync(
            new GetMeshStatusRequest(), options), cancellationToken);
        return status.Services.GroupBy(service => service.Name).ToDictionary(group => group.Key, group => group.First().Address, StringComparer.Ordinal);
    }

    private GrpcChannel Channel(string address) => _channels.GetOrAdd(address, name => GrpcChannel.ForAddress(name, new GrpcChannelOptions
    {
        MaxReceiveMessageSize = null,
        MaxSendMessageSize = null,
        HttpHandler = new SocketsHttpHandler { UseProxy = false, EnableMultipleHttp2Connections = true },
        DisposeHttpClient = true,
    }));
}
