using System.Net;
using System.Net.Sockets;

namespace Realign.Deploy.Tests.Monitoring;

/// <summary>Ports for programs that cannot say which one they took.</summary>
internal static class FreePort
{
    /// <summary>One that nobody listens at now.</summary>
    public static int Next()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
