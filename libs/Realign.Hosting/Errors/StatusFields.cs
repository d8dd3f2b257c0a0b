using System.Globalization;
using System.Text;
using Google.Protobuf;
using Google.Rpc;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Realign.Hosting.Errors;

/// <summary>The header fields that carry the status of a call.</summary>
internal static class StatusFields
{
    /// <summary>Number of the status.</summary>
    public const string Number = "grpc-status";

    /// <summary>Its <c>google.rpc.Status</c>, in base64.</summary>
    public const string Details = "grpc-status-details-bin";

    private const string Message = "grpc-message";

    /// <summary>Where the framework has written the status of this call; null when it has gone out already.</summary>
    public static IHeaderDictionary? Of(HttpContext context)
    {
        var trailers = context.Features.Get<IHttpResponseTrailersFeature>()?.Trailers;
        var fields = !context.Response.HasStarted && context.Response.Headers.ContainsKey(Number) ? context.Response.Headers : trailers;
        return fields is { IsReadOnly: false } ? fields : null;
    }

    /// <summary>Answers with another status than the framework's, if it has not gone out yet.</summary>
    public static void Replace(HttpContext context, Status status)
    {
        if (Of(context) is not { } fields)
            return;
        try
        {
            Write(fields, status);
        }
        catch (InvalidOperationException) when (fields.IsReadOnly)
        {
            // a deadline passes on a timer of the framework's, which has just sent the status
        }
    }

    /// <summary>Answers a call that no handler will see.</summary>
    public static void Answer(HttpContext context, Status status)
    {
        context.Response.ContentType = "application/grpc";
        Write(context.Response.Headers, status);
    }

    /// <summary>Sets the fields.</summary>
    public static void Write(IHeaderDictionary fields, Status status)
    {
        fields[Number] = status.Code.ToString(CultureInfo.InvariantCulture);
        fields[Message] = Encoded(status.Message);
        fields[Details] = Convert.ToBase64String(status.ToByteArray());
    }

    // UTF-8, everything but printable ASCII as %XX
    private static string Encoded(string text)
    {
        var encoded = new StringBuilder(text.Length);
        foreach (var unit in Encoding.UTF8.GetBytes(text))
        {
            if (unit is >= 0x20 and <= 0x7e and not (byte)'%')
                _ = encoded.Append((char)unit);
            else
                _ = encoded.Append(CultureInfo.InvariantCulture, $"%{unit:X2}");
        }

        return encoded.ToString();
    }
}
