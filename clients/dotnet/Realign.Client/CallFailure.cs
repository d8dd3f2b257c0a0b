using Google.Protobuf;
using Google.Rpc;
using Grpc.Core;

namespace Realign.Client;

/// <summary>Why a call failed, as the mesh says it in the details of its status.</summary>
/// <param name="Code">The status.</param>
/// <param name="Message">A sentence.</param>
/// <param name="Reason">What a program can tell apart, e.g. <c>QUEUE_FULL</c>; empty where the status came from nobody of ours.</param>
/// <param name="Fields">Fields of the request that are wrong, with the reason.</param>
/// <param name="RetryAfter">When it is worth another call; null = never, or not known.</param>
public sealed record CallFailure(
    StatusCode Code, string Message, string Reason, IReadOnlyList<(string Field, string Description)> Fields, TimeSpan? RetryAfter)
{
    /// <summary>Reads a failure.</summary>
    /// <param name="exception">What a call threw.</param>
    public static CallFailure Of(RpcException exception)
    {
        ArgumentNullException.ThrowIfNull(exception);
        var details = Details(exception);
        return new CallFailure(
            exception.StatusCode, exception.Status.Detail, details?.GetDetail<ErrorInfo>()?.Reason ?? "",
            [.. details?.GetDetail<BadRequest>()?.FieldViolations.Select(violation => (violation.Field, violation.Description)) ?? []],
            details?.GetDetail<RetryInfo>()?.RetryDelay.ToTimeSpan());
    }

    private static Google.Rpc.Status? Details(RpcException exception)
    {
        try
        {
            return exception.GetRpcStatus();
        }
        catch (Exception problem) when (problem is InvalidProtocolBufferException or FormatException)
        {
            return null;
        }
    }
}
