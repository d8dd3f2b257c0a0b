using Grpc.Core;
using Grpc.Core.Interceptors;
using Grpc.Net.Client;
using Realign.Core.Calls;

namespace Realign.Cli.Connections;

/// <summary>A connection to one service.</summary>
internal sealed class ServiceChannel : IDisposable
{
    /// <summary>Environment variable with the key that calls carry.</summary>
    private const string KeyVariable = "REALIGN_KEY";

    private readonly GrpcChannel _channel;

    public ServiceChannel(string address)
    {
        Address = address;
        _channel = GrpcChannel.ForAddress(address, new GrpcChannelOptions
        {
            MaxReceiveMessageSize = null,
            MaxSendMessageSize = null,
            // a proxy is for the web: it knows nothing of this machine's ports, and speaks no gRPC
            HttpHandler = new SocketsHttpHandler { UseProxy = false, EnableMultipleHttp2Connections = true, SslOptions = TlsVariables.Read().Options() },
            DisposeHttpClient = true,
        });
    }

    public string Address { get; }

    public CallInvoker Invoker => Environment.GetEnvironmentVariable(KeyVariable) is { Length: > 0 } key
        ? _channel.Intercept(metadata =>
        {
            metadata.Add(CallMetadata.Authorization, CallMetadata.KeyScheme + key);
            return metadata;
        })
        : _channel.CreateCallInvoker();

    /// <summary>Deadline and token of a call.</summary>
    public static CallOptions Options(double deadlineSeconds, CancellationToken cancellationToken) =>
        new(deadline: TimeProvider.System.GetUtcNow().UtcDateTime.AddSeconds(deadlineSeconds), cancellationToken: cancellationToken);

    public void Dispose() => _channel.Dispose();
}
