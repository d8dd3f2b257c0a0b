using System.Globalization;
using Grpc.Core;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Options;

namespace Realign.Hosting.Errors;

/// <summary>
/// A message that is not valid protobuf (or holds text that is not UTF-8, or ends too early) fails before any interceptor runs, and the
/// framework answers UNKNOWN or INTERNAL: it becomes INVALID_ARGUMENT. One that is too large is told the way out. UNKNOWN from a handler
/// becomes INTERNAL. No caller ever sees UNKNOWN.
/// </summary>
internal sealed class MalformedMessageMiddleware(RequestDelegate next, IOptions<HostingOptions> options)
{
    private static readonly object ParsedKey = new();
    private static readonly string Unknown = Number(StatusCode.Unknown);
    private static readonly string Internal = Number(StatusCode.Internal);
    private static readonly string ResourceExhausted = Number(StatusCode.ResourceExhausted);

    /// <summary>Notes that the request of this call was read and its handler entered.</summary>
    public static void MarkParsed(HttpContext context) => context.Items[ParsedKey] = true;

    public async Task InvokeAsync(HttpContext context)
    {
        await next(context);
        var trailers = context.Features.Get<IHttpResponseTrailersFeature>()?.Trailers;
        var headers = !context.Response.HasStarted && context.Response.Headers.ContainsKey("grpc-status") ? context.Response.Headers : trailers;
        if (headers is null || headers.IsReadOnly)
            return;
        var status = headers["grpc-status"];
        var isParsed = context.Items.ContainsKey(ParsedKey);
        if (isParsed && status == Unknown)
            Answer(headers, StatusCode.Internal, "the service failed without a reason; its log may have one");
        else if (!isParsed && (status == Unknown || status == Internal))
            Answer(headers, StatusCode.InvalidArgument, "the request is not one valid message of this method: it cannot be parsed, or a string is not UTF-8. Encode it with the published proto files");
        else if (!isParsed && status == ResourceExhausted)
            Answer(headers, StatusCode.ResourceExhausted, $"the message is larger than {options.Value.MaxMessageMegabytes} MiB. Send fewer or smaller images a call, or raise Hosting:MaxMessageMegabytes");
    }

    private static void Answer(IHeaderDictionary headers, StatusCode code, string message)
    {
        headers["grpc-status"] = Number(code);
        headers["grpc-message"] = message.Replace("%", "%25", StringComparison.Ordinal);
    }

    private static string Number(StatusCode code) => ((int)code).ToString(CultureInfo.InvariantCulture);
}
