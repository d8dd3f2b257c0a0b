using System.Globalization;
using Grpc.Core;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Realign.Hosting.Errors;

/// <summary>
/// A message that is not valid protobuf (or holds text that is not UTF-8) fails before any interceptor runs, and the framework
/// answers UNKNOWN. The interceptor maps everything else, so UNKNOWN at this place can only mean that: it becomes INVALID_ARGUMENT.
/// </summary>
internal sealed class MalformedMessageMiddleware(RequestDelegate next)
{
    private static readonly string Unknown = ((int)StatusCode.Unknown).ToString(CultureInfo.InvariantCulture);
    private static readonly string InvalidArgument = ((int)StatusCode.InvalidArgument).ToString(CultureInfo.InvariantCulture);

    public async Task InvokeAsync(HttpContext context)
    {
        await next(context);
        var trailers = context.Features.Get<IHttpResponseTrailersFeature>()?.Trailers;
        var headers = !context.Response.HasStarted && context.Response.Headers.ContainsKey("grpc-status") ? context.Response.Headers : trailers;
        if (headers is null || headers.IsReadOnly || headers["grpc-status"] != Unknown)
            return;
        headers["grpc-status"] = InvalidArgument;
        headers["grpc-message"] = "the request is not a valid message of this method: it cannot be parsed%2C or a string is not UTF-8. Encode it with the published proto files";
    }
}
