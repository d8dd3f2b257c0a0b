using System.IO.Pipelines;
using Grpc.AspNetCore.Server;
using Grpc.Core;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Options;
using Realign.Hosting.Errors;

namespace Realign.Hosting.Receiving;

/// <summary>Counts what every call sends, for as long as the call lasts.</summary>
internal sealed class ReceivingMiddleware(RequestDelegate next, ReceiveBudget budget, IOptions<HostingOptions> options, TimeProvider time)
{
    private readonly TimeSpan _grace = TimeSpan.FromSeconds(options.Value.MessageSeconds);

    public async Task InvokeAsync(HttpContext context)
    {
        var method = context.GetEndpoint()?.Metadata.GetMetadata<GrpcMethodMetadata>()?.Method.Type;
        var isStream = method is MethodType.ClientStreaming or MethodType.DuplexStreaming;
        using var reader = new CountedReader(context.Request.BodyReader, budget, _grace, isStream, time);
        context.Features.Set<IRequestBodyPipeFeature>(new Body(reader));
        await next(context);
        if (reader.Refusal is { } refusal)
            StatusFields.Replace(context, refusal);
    }

    private sealed record Body(PipeReader Reader) : IRequestBodyPipeFeature;
}
