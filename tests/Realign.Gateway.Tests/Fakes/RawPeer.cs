using System.Net;
using System.Net.Sockets;

namespace Realign.Gateway.Tests.Fakes;

/// <summary>Something that listens on a port and answers every connection with the same bytes, whatever it is asked.</summary>
internal sealed class RawPeer : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _work;
    private readonly byte[] _answer;
    private int _connections;

    /// <summary>Starts listening.</summary>
    /// <param name="answer">What is sent once something came in; empty = the connection is closed at once.</param>
    public RawPeer(byte[] answer)
    {
        _answer = answer;
        _listener.Start();
        _work = ServeAsync();
    }

    /// <summary>Connections so far.</summary>
    public int Connections => _connections;

    public string Address => $"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}";

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Dispose();
        await _work;
        _stop.Dispose();
    }

    private async Task ServeAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                using var client = await _listener.AcceptSocketAsync(_stop.Token);
                _ = Interlocked.Increment(ref _connections);
                var buffer = new byte[4096];
                if (_answer.Length == 0 || await client.ReceiveAsync(buffer, _stop.Token) == 0)
                    continue;
                _ = await client.SendAsync(_answer, _stop.Token);
                client.Shutdown(SocketShutdown.Send);
                // the other end closes when it has read enough
                while (await client.ReceiveAsync(buffer, _stop.Token) > 0)
                {
                }
            }
            catch (Exception exception) when (exception is SocketException or OperationCanceledException or ObjectDisposedException)
            {
                // this connection, or the whole peer, is over
            }
        }
    }
}
