using Grpc.Health.V1;
using Grpc.Net.Client;

namespace Realign.Gateway.Backends;

/// <summary>One service of the mesh and the channel to it.</summary>
internal sealed class Backend : IDisposable
{
    private readonly SocketsHttpHandler _handler;

    public Backend(string name, string address, int maxMessageBytes, bool useProxy)
    {
        Name = name;
        Address = address;
        _handler = new SocketsHttpHandler
        {
            EnableMultipleHttp2Connections = true,
            // a peer that vanished without closing its connection is noticed while a call waits for it
            KeepAlivePingDelay = TimeSpan.FromSeconds(20),
            KeepAlivePingTimeout = TimeSpan.FromSeconds(10),
            KeepAlivePingPolicy = HttpKeepAlivePingPolicy.WithActiveRequests,
            InitialHttp2StreamWindowSize = 4 << 20,
            ConnectTimeout = TimeSpan.FromSeconds(5),
            UseProxy = useProxy,
        };
        Channel = GrpcChannel.ForAddress(address, new GrpcChannelOptions
        {
            HttpHandler = _handler,
            MaxReceiveMessageSize = maxMessageBytes,
            MaxSendMessageSize = maxMessageBytes,
            InitialReconnectBackoff = TimeSpan.FromMilliseconds(50),
            MaxReconnectBackoff = TimeSpan.FromSeconds(1),
        });
        Health = new Health.HealthClient(Channel);
    }

    /// <summary>Name in statuses, health and settings, e.g. <c>scene-scorer</c>.</summary>
    public string Name { get; }

    /// <summary>Where it is looked for.</summary>
    public string Address { get; }

    public GrpcChannel Channel { get; }

    public Health.HealthClient Health { get; }

    public void Dispose()
    {
        Channel.Dispose();
        _handler.Dispose();
    }
}
