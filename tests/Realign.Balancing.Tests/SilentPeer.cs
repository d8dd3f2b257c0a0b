using System.Net;
using System.Net.Sockets;

namespace Realign.Balancing.Tests;

/// <summary>Something that takes connections, as the system does for a process that hangs, and answers nothing.</summary>
internal sealed class SilentPeer : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);

    public SilentPeer() => _listener.Start();

    public Uri Address => new($"http://{_listener.LocalEndpoint}");

    public void Dispose() => _listener.Dispose();
}
