using System.Text.RegularExpressions;
using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using Grpc.Core;
using Realign.Core.Errors;
using Status = Google.Rpc.Status;

namespace Realign.Hosting.Errors;

/// <summary>
/// Exceptions to <c>google.rpc.Status</c> (AIP-193): code, message with the way out, ErrorInfo, and BadRequest or RetryInfo where they fit.
/// Where this machine keeps its files is nobody's business: of every path a status carries the last name only; the log has all of it.
/// </summary>
public static partial class ExceptionMapping
{
    /// <summary>Domain of every ErrorInfo.</summary>
    public const string Domain = "realign";

    /// <summary>
    /// Longest part of a text in UTF-8. Statuses travel in header fields, percent-encoded and once more in the details, and many clients take
    /// no more than 8 KiB of them: a model of which a thousand keys are missing would arrive as another error.
    /// </summary>
    private const int MaxTextBytes = 1200;

    /// <summary>The status of an exception.</summary>
    /// <param name="exception">What a handler threw.</param>
    /// <param name="context">Its call.</param>
    /// <param name="incident">An id to find the exception in the log by, when it was not foreseen; null otherwise.</param>
    public static RpcException ToRpcException(Exception exception, ServerCallContext context, out string? incident)
    {
        incident = null;
        switch (exception)
        {
            case RpcException rpc:
                return rpc;
            case RealignException known:
                return ToStatus(known).ToRpcException();
            case OperationCanceledException:
            // the framework's words for a message to or from a caller who has left
            case InvalidOperationException or IOException when context.CancellationToken.IsCancellationRequested:
                return IsPastDeadline(context)
                    ? ToStatus(Code.DeadlineExceeded, "DEADLINE_EXCEEDED",
                        "the deadline passed before the work was done. Give the call more time, or ask for fewer steps").ToRpcException()
                    : ToStatus(Code.Cancelled, "CANCELLED", "the call was cancelled").ToRpcException();
            case OutOfMemoryException:
                return ToStatus(Code.ResourceExhausted, "OUT_OF_MEMORY", "memory ran out. Ask for a smaller image or fewer at once").ToRpcException();
            default:
                incident = Guid.NewGuid().ToString("N")[..12];
                return ToStatus(Code.Internal, "INTERNAL", $"the service failed; its log has the reason under incident {incident}").ToRpcException();
        }
    }

    /// <summary>Code and text of a known exception, as an item of a larger answer carries them.</summary>
    public static Status ToStatus(RealignException exception)
    {
        var text = $"{Words(exception.Message)}. {Capital(WithoutFolders(exception.WayOut))}";
        switch (exception)
        {
            case InvalidInputException invalid:
                // the value is the caller's own, paths and all
                var value = Shortened(invalid.Value);
                var problem = $"{Words(invalid.Problem)}. {Capital(WithoutFolders(invalid.WayOut))}";
                var status = ToStatus(Code.InvalidArgument, "INVALID_ARGUMENT",
                    $"{invalid.Field} = {value}: {problem}", ("field", invalid.Field), ("value", value));
                status.Details.Add(BadField(invalid.Field, problem));
                return status;
            case ResourceExhaustedException exhausted:
                var full = ToStatus(Code.ResourceExhausted, "RESOURCE_EXHAUSTED", text);
                full.Details.Add(Any.Pack(new RetryInfo { RetryDelay = Duration.FromTimeSpan(exhausted.RetryAfter) }));
                return full;
            case NotFoundException { Field.Length: > 0 } missing:
                return ToStatus(Code.NotFound, "NOT_FOUND", text, ("field", missing.Field), ("value", Shortened(missing.Value)));
            case NotFoundException:
                return ToStatus(Code.NotFound, "NOT_FOUND", text);
            case UnavailableException away:
                return ToStatus(Code.Unavailable, away.Reason, text);
            case FailedPreconditionException { Field: { } field }:
                return ToStatus(Code.FailedPrecondition, "FAILED_PRECONDITION", text, ("field", field));
            case FailedPreconditionException:
                return ToStatus(Code.FailedPrecondition, "FAILED_PRECONDITION", text);
            case ModelLoadException load:
                return ToStatus(Code.FailedPrecondition, "MODEL_NOT_LOADABLE", text, ("path", System.IO.Path.GetFileName(load.Path)));
            default:
                return ToStatus(Code.Internal, "INTERNAL", text);
        }
    }

    /// <summary>The detail that names a field.</summary>
    internal static Any BadField(string field, string problem) =>
        Any.Pack(new BadRequest { FieldViolations = { new BadRequest.Types.FieldViolation { Field = field, Description = problem } } });

    /// <summary>A status with its ErrorInfo.</summary>
    internal static Status ToStatus(Code code, string reason, string message, params (string Key, string Value)[] metadata)
    {
        var info = new ErrorInfo { Domain = Domain, Reason = reason };
        foreach (var (key, value) in metadata)
            info.Metadata.Add(key, value);
        return new Status { Code = (int)code, Message = message, Details = { Any.Pack(info) } };
    }

    private static bool IsPastDeadline(ServerCallContext context) =>
        context.Deadline != DateTime.MaxValue && context.Deadline <= TimeProvider.System.GetUtcNow().UtcDateTime.AddMilliseconds(1);

    private static string Words(string text) => Shortened(WithoutFolders(text));

    private static string WithoutFolders(string text) => Folders().Replace(text, "");

    [GeneratedRegex(@"(?<![\w./:])/(?:[^/\s'"";:,]+/)+")]
    private static partial Regex Folders();

    private static string Shortened(string text)
    {
        var (kept, bytes) = (0, 0);
        foreach (var rune in text.EnumerateRunes())
        {
            bytes += rune.Utf8SequenceLength;
            if (bytes > MaxTextBytes)
                return $"{text[..kept]}… ({text.Length - kept} more characters; realign models check lists every problem of a model or an adapter)";
            kept += rune.Utf16SequenceLength;
        }

        return text;
    }

    private static string Capital(string text) => text.Length == 0 ? text : char.ToUpperInvariant(text[0]) + text[1..];
}
