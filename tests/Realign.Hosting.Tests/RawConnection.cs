using System.Buffers.Binary;
using System.Net.Sockets;
using System.Text;
using Realign.Testing;

namespace Realign.Hosting.Tests;

/// <summary>HTTP/2 by hand, for what no client does.</summary>
internal sealed class RawConnection : IDisposable
{
    /// <summary>Kinds of frames.</summary>
    public const byte Headers = 1, Reset = 3, Settings = 4, GoAway = 7;

    /// <summary>What every connection begins with.</summary>
    public const string Preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

    private const int HeaderLength = 9;
    private readonly TcpClient _client = new();

    /// <summary>Connects and says nothing.</summary>
    public static async Task<RawConnection> ConnectAsync(TestService service)
    {
        var address = new Uri(service.Address);
        var connection = new RawConnection();
        await connection._client.ConnectAsync(address.Host, address.Port).DefaultTimeout();
        return connection;
    }

    /// <summary>Sends bytes.</summary>
    public async Task SendAsync(byte[] bytes) => await _client.GetStream().WriteAsync(bytes).AsTask().DefaultTimeout();

    /// <summary>Sends the preface and empty settings.</summary>
    public Task GreetAsync() => SendAsync([.. Encoding.ASCII.GetBytes(Preface), .. Frame(Settings, 0, 0, [])]);

    /// <summary>A frame.</summary>
    public static byte[] Frame(byte kind, byte flags, int stream, byte[] payload)
    {
        var frame = new byte[HeaderLength + payload.Length];
        (frame[0], frame[1], frame[2]) = ((byte)(payload.Length >> 16), (byte)(payload.Length >> 8), (byte)payload.Length);
        (frame[3], frame[4]) = (kind, flags);
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(5), stream);
        payload.CopyTo(frame, HeaderLength);
        return frame;
    }

    /// <summary>The header fields of a call (RFC 7541: static table, literals that are not indexed).</summary>
    public static byte[] Fields(string path)
    {
        byte[] Text(string text) => [(byte)text.Length, .. Encoding.ASCII.GetBytes(text)];
        return [0x83, 0x86, 0x04, .. Text(path), 0x01, .. Text("localhost"), 0x0f, 0x10, .. Text("application/grpc"), 0x00, .. Text("te"), .. Text("trailers")];
    }

    /// <summary>Kinds of the frames that came until the other end closed.</summary>
    public async Task<List<byte>> ReadToEndAsync()
    {
        var kinds = new List<byte>();
        var stream = _client.GetStream();
        var header = new byte[HeaderLength];
        try
        {
            while (await stream.ReadAtLeastAsync(header, HeaderLength, throwOnEndOfStream: false).AsTask().DefaultTimeout() == HeaderLength)
            {
                kinds.Add(header[3]);
                var payload = new byte[(header[0] << 16) | (header[1] << 8) | header[2]];
                await stream.ReadExactlyAsync(payload).AsTask().DefaultTimeout();
            }
        }
        catch (IOException)
        {
            // closed without the courtesy
        }

        return kinds;
    }

    /// <inheritdoc/>
    public void Dispose() => _client.Dispose();
}
