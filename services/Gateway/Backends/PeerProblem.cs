using System.Net.Sockets;
using Grpc.Core;

namespace Realign.Gateway.Backends;

/// <summary>What is wrong with the one at the other end, where a status does not come from a service of ours.</summary>
internal enum PeerProblem
{
    /// <summary>Nothing: the status is the service's own.</summary>
    None,

    /// <summary>Nothing listens at the address.</summary>
    Unreachable,

    /// <summary>The connection broke: the service went down, or something else did not understand us.</summary>
    Lost,

    /// <summary>Something listens that does not speak gRPC.</summary>
    NotGrpc,

    /// <summary>It announced a message above the limit.</summary>
    TooLarge,
}

/// <summary>Tells what gRPC's client noticed itself from what a service answered.</summary>
internal static class PeerProblems
{
    // the words of Grpc.Net.Client for an HTTP answer that is no gRPC answer
    private static readonly string[] _notGrpc = ["Bad gRPC response", "No grpc-status found", "Unexpected grpc-status"];

    public static PeerProblem Of(RpcException failure)
    {
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
        HttpRequestException { HttpRequestError: HttpRequestError.SecureConnectionError or HttpRequestError.VersionNegotiationError } => PeerProblem.NotGrpc,
        HttpRequestException { HttpRequestError: HttpRequestError.InvalidResponse } => PeerProblem.NotGrpc,
        SocketException { SocketErrorCode: SocketError.ConnectionReset or SocketError.ConnectionAborted or SocketError.Shutdown } => PeerProblem.Lost,
        SocketException => PeerProblem.Unreachable,
        HttpRequestException or IOException => PeerProblem.Lost,
        // frames of no gRPC message
        InvalidDataException => PeerProblem.NotGrpc,
        _ => PeerProblem.None,
    };
}
