using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Text;

namespace Realign.Probe;

/// <summary>
/// <c>grpc.health.v1.Health/Check</c> by hand: a message with one text, answered by a message with one number. A gRPC client is several times as large as
/// all of this program.
/// </summary>
internal static class HealthCall
{
    private const int PrefixLength = 5;
    private const int MaxNameLength = 127;

    // one length-delimited field, number 1; one varint, number 1
    private const byte NameField = 0x0a;
    private const byte StatusField = 0x08;

    private static readonly string[] _statuses = ["UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN"];

    /// <summary>Asks.</summary>
    /// <returns>The status as its proto names it, or the gRPC code that the service answered with.</returns>
    /// <exception cref="HttpRequestException">Nothing that speaks gRPC answers.</exception>
    public static async Task<string> CheckAsync(Uri address, string service, SslClientAuthenticationOptions tls, CancellationToken cancellationToken)
    {
        using var client = new HttpMessageInvoker(new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false, SslOptions = tls });
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(address, "/grpc.health.v1.Health/Check"))
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new ByteArrayContent(Message(service)),
        };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/grpc");
        request.Headers.TE.Add(new TransferCodingWithQualityHeaderValue("trailers"));
        using var response = await client.SendAsync(request, cancellationToken);
        if (response.Content.Headers.ContentType?.MediaType?.StartsWith("application/grpc", StringComparison.Ordinal) != true)
            throw new HttpRequestException("what answers there does not speak gRPC");
        var answer = await response.Content.ReadAsByteArrayAsync(cancellationToken);
        var code = Field(response.TrailingHeaders) ?? Field(response.Headers) ?? throw new HttpRequestException("what answers there does not speak gRPC");
        return code == "0" ? Status(answer) : $"gRPC status {code}";
    }

    private static byte[] Message(string service)
    {
        var name = Encoding.UTF8.GetBytes(service);
        if (name.Length > MaxNameLength)
            throw new HttpRequestException($"a service's name has at most {MaxNameLength} bytes");
        byte[] message = name.Length == 0 ? [] : [NameField, (byte)name.Length, .. name];
        return [0, 0, 0, 0, (byte)message.Length, .. message];
    }

    // a status that is 0 is left out of the message
    private static string Status(byte[] answer) => answer.AsSpan(Math.Min(PrefixLength, answer.Length)) is [StatusField, var number, ..]
        ? number < _statuses.Length ? _statuses[number] : $"status {number}"
        : _statuses[0];

    private static string? Field(HttpHeaders headers) => headers.TryGetValues("grpc-status", out var values) ? values.First() : null;
}
