using Grpc.Health.V1;
using Grpc.Net.Client;
using Realign.Wire.Mesh;

namespace Realign.Gateway.Backends;

/// <summary>One service of the mesh and the channel to it.</summary>
internal sealed class Backend : IDisposable
{
    private readonly SocketsHttpHandler _handler;

    /// <param name="service">Which service it is.</param>
    /// <param name="number">Which one of several, from 1.</param>
    /// <param name="address">Where it is looked for.</param>
    /// <param name="maxMessageBytes">Largest message either way.</param>
    /// <param name="useProxy">Whether the proxy of the environment is used.</param>
    public Backend(MeshService service, int number, string address, int maxMessageBytes, bool useProxy)
    {
        Name = number == 1 ? service.Name : FormattableString.Invariant($"{service.Name}-{number}");
        Setting = $"{GatewayOptions.SectionName}:{service.Section}";
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

    /// <summary>Name in statuses and health, e.g. <c>scene-scorer</c>, <c>generator-2</c>.</summary>
    public string Name { get; }

    /// <summary>The setting with its address, e.g. <c>Gateway:SceneScorer</c>.</summary>
    public string Setting { get; }

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
