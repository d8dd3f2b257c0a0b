using System.Text.RegularExpressions;
using Google.Rpc;
using Microsoft.AspNetCore.Http;
using Realign.Core.Errors;
using Realign.Hosting.Errors;

namespace Realign.Hosting.Receiving;

/// <summary>
/// Checks the header fields of a call, which the framework passes over: a timeout that cannot be read would be no timeout, and metadata
/// above the server's own limit ends as UNKNOWN at the caller.
/// </summary>
internal sealed partial class RequestFieldsMiddleware(RequestDelegate next)
{
    /// <summary>Most bytes of metadata, names and values.</summary>
    public const int MaxMetadataBytes = 16 << 10;

    /// <summary>Most bytes that the connection takes; more are refused without a status.</summary>
    public const int MaxFieldBytes = 256 << 10;

    public Task InvokeAsync(HttpContext context)
    {
        if (Refusal(context.Request.Headers) is not { } refusal)
            return next(context);
        StatusFields.Answer(context, refusal);
        return Task.CompletedTask;
    }

    private static Google.Rpc.Status? Refusal(IHeaderDictionary fields)
    {
        if (fields.TryGetValue("grpc-timeout", out var timeout) && !Timeout().IsMatch(timeout.ToString()))
        {
            var value = timeout.ToString();
            return ExceptionMapping.ToStatus(new InvalidInputException("grpc-timeout", value.Length > 32 ? value[..32] + "…" : value, "not a timeout",
                "send 1 to 8 digits and a unit, H, M, S, m, u or n, for example 30S"));
        }

        var size = fields.Sum(field => (long)field.Key.Length + field.Value.Sum(value => value?.Length ?? 0));
        return size <= MaxMetadataBytes
            ? null
            : ExceptionMapping.ToStatus(Code.ResourceExhausted, "METADATA_TOO_LARGE",
                $"{size} bytes of metadata: at most {MaxMetadataBytes} are taken. Send less with the call");
    }

    [GeneratedRegex("^[0-9]{1,8}[HMSmun]$", RegexOptions.CultureInvariant)]
    private static partial Regex Timeout();
}
