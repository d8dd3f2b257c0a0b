using Grpc.Core;
using Grpc.Net.Client;

namespace Realign.Cli.Connections;

/// <summary>A connection to one service.</summary>
internal sealed class ServiceChannel : IDisposable
{
    private readonly GrpcChannel _channel;

    public ServiceChannel(string address)
    {
        Address = address;
        _channel = GrpcChannel.ForAddress(address, new GrpcChannelOptions
        {
            MaxReceiveMessageSize = null,
            MaxSendMessageSize = null,
            // a proxy is for the web: it knows nothing of this machine's ports, and speaks no gRPC
            HttpHandler = new SocketsHttpHandler { UseProxy = false, EnableMultipleHttp2Connections = true },
            DisposeHttpClient = true,
        });
    }

    public string Address { get; }

    public CallInvoker Invoker => _channel.CreateCallInvoker();

    /// <summary>Deadline and token of a call.</summary>
    public static CallOptions Options(double deadlineSeconds, CancellationToken cancellationToken) =>
        new(deadline: TimeProvider.System.GetUtcNow().UtcDateTime.AddSeconds(deadlineSeconds), cancellationToken: cancellationToken);

    public void Dispose() => _channel.Dispose();
}
