using System.Net.Sockets;
using Grpc.Core;

namespace Realign.Balancing.Calls;

/// <summary>Tells what gRPC's client noticed itself from what a service answered.</summary>
public static class PeerProblems
{
    // the words of Grpc.Net.Client for an HTTP answer that is no gRPC answer
    private static readonly string[] _notGrpc = ["Bad gRPC response", "No grpc-status found", "Unexpected grpc-status"];

    /// <summary>What is wrong with whoever a failure comes from.</summary>
    public static PeerProblem Of(RpcException failure)
    {
        ArgumentNullException.ThrowIfNull(failure);
        var detail = failure.Status.Detail;
        if (_notGrpc.Any(words => detail.Contains(words, StringComparison.Ordinal)) || !Enum.IsDefined(failure.StatusCode))
            return PeerProblem.NotGrpc;
        if (failure.StatusCode == StatusCode.ResourceExhausted && detail.StartsWith("Received message exceeds", StringComparison.Ordinal))
            return PeerProblem.TooLarge;
        if (failure.StatusCode is not (StatusCode.Unavailable or StatusCode.Internal or StatusCode.Unknown or StatusCode.Cancelled))
            return PeerProblem.None;
        var problem = PeerProblem.None;
        for (var cause = failure.Status.DebugException; cause is not null; cause = cause.InnerException)
            problem = Of(cause) is var next && next > problem ? next : problem;
        return problem;
    }

    private static PeerProblem Of(Exception cause) => cause switch
    {
        // PROTOCOL_ERROR and FRAME_SIZE_ERROR: what came is no HTTP/2
        HttpProtocolException { ErrorCode: 1 or 6 } => PeerProblem.NotGrpc,
        HttpRequestException { HttpRequestError: HttpRequestError.NameResolutionError or HttpRequestError.ConnectionError } => PeerProblem.Unreachable,
        HttpRequestException { HttpRequestError: HttpRequestError.SecureConnectionError } => PeerProblem.Insecure,
        HttpRequestException { HttpRequestError: HttpRequestError.VersionNegotiationError or HttpRequestError.InvalidResponse } => PeerProblem.NotGrpc,
        SocketException { SocketErrorCode: SocketError.ConnectionReset or SocketError.ConnectionAborted or SocketError.Shutdown } => PeerProblem.Lost,
        SocketException => PeerProblem.Unreachable,
        HttpRequestException or IOException => PeerProblem.Lost,
        // frames of no gRPC message
        InvalidDataException => PeerProblem.NotGrpc,
        _ => PeerProblem.None,
    };
}
