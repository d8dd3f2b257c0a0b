using System.Globalization;
using Google.Rpc;
using Grpc.Core;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;

namespace Realign.Hosting.Errors;

/// <summary>
/// A message that is not valid protobuf (or holds text that is not UTF-8, or ends too early) fails before any interceptor runs, and the
/// framework answers UNKNOWN or INTERNAL: it becomes INVALID_ARGUMENT. One that is too large is told the way out. UNKNOWN from a handler
/// becomes INTERNAL. No caller ever sees UNKNOWN, and every status has its ErrorInfo.
/// </summary>
internal sealed class MalformedMessageMiddleware(RequestDelegate next, IOptions<HostingOptions> options)
{
    private const string NoReason = "the service failed without a reason; its log may have one";
    private static readonly object ParsedKey = new();

    /// <summary>Notes that the request of this call was read and its handler entered.</summary>
    public static void MarkParsed(HttpContext context) => context.Items[ParsedKey] = true;

    public async Task InvokeAsync(HttpContext context)
    {
        await next(context);
        if (StatusFields.Of(context) is not { } fields || !int.TryParse(fields[StatusFields.Number], out var number) || number == (int)StatusCode.OK)
            return;
        var code = (StatusCode)number;
        if (Corrected(code, context.Items.ContainsKey(ParsedKey)) is { } corrected)
            StatusFields.Replace(context, corrected);
        else if (!fields.ContainsKey(StatusFields.Details))
            StatusFields.Replace(context, ExceptionMapping.ToStatus((Code)number, Reason(code), Uri.UnescapeDataString(fields["grpc-message"].ToString())));
    }

    private Google.Rpc.Status? Corrected(StatusCode code, bool isParsed)
    {
        if (isParsed)
            return code == StatusCode.Unknown ? ExceptionMapping.ToStatus(Code.Internal, "INTERNAL", NoReason) : null;
        if (code is StatusCode.Unknown or StatusCode.Internal)
            return Malformed();
        return code == StatusCode.ResourceExhausted ? TooLarge() : null;
    }

    private static Google.Rpc.Status Malformed()
    {
        const string Problem = "it cannot be parsed, or a string is not UTF-8. Encode it with the published proto files";
        var status = ExceptionMapping.ToStatus(Code.InvalidArgument, "MALFORMED_MESSAGE", $"the request is not one valid message of this method: {Problem}");
        status.Details.Add(ExceptionMapping.BadField("request", Problem));
        return status;
    }

    private Google.Rpc.Status TooLarge()
    {
        var limit = options.Value.MaxMessageMegabytes;
        return ExceptionMapping.ToStatus(Code.ResourceExhausted, "MESSAGE_TOO_LARGE",
            $"the message is larger than {limit} MiB. Send fewer or smaller images a call, or raise Hosting:MaxMessageMegabytes",
            ("limit_megabytes", limit.ToString(CultureInfo.InvariantCulture)));
    }

    // DeadlineExceeded -> DEADLINE_EXCEEDED
    private static string Reason(StatusCode code) =>
        string.Concat(code.ToString().Select((letter, index) => index > 0 && char.IsUpper(letter) ? $"_{letter}" : $"{char.ToUpperInvariant(letter)}"));
}
