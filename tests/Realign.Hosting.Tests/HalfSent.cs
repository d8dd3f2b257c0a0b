using System.Buffers.Binary;
using System.Net;

namespace Realign.Hosting.Tests;

/// <summary>A call whose caller sends the beginning of a message and then nothing.</summary>
internal sealed class HalfSent(int announced, int sent) : HttpContent
{
    private readonly TaskCompletionSource _end = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Posts it to a method of the service.</summary>
    public async Task<HttpResponseMessage> PostAsync(HttpClient client, string address, CancellationToken cancellationToken)
    {
        Headers.ContentType = new("application/grpc");
        using var request = new HttpRequestMessage(HttpMethod.Post, $"{address}/realign.v1.SceneScorerService/ExtractEntities")
        {
            Content = this,
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        request.Headers.TryAddWithoutValidation("te", "trailers");
        return await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
    }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        var prefix = new byte[5];
        BinaryPrimitives.WriteInt32BigEndian(prefix.AsSpan(1), announced);
        await stream.WriteAsync(prefix, cancellationToken);
        await stream.WriteAsync(new byte[sent], cancellationToken);
        await stream.FlushAsync(cancellationToken);
        await _end.Task.WaitAsync(cancellationToken);
    }

    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }
}
