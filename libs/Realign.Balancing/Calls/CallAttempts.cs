using Google.Rpc;
using Grpc.Core;
using Realign.Balancing.Replicas;
using Realign.Core.Errors;

namespace Realign.Balancing.Calls;

/// <summary>
/// The attempts of one call. A replica that is away or has no room is followed by another at once; when all were asked, by a pause (as long
/// as RetryInfo says, where there is one) and another round, as long as that makes sense before the call's deadline.
/// </summary>
internal sealed class CallAttempts(ReplicaSet replicas, BalancingOptions options, TimeProvider time, Replica? preferred, CallOptions call)
{
    private static readonly TimeSpan _longestPause = TimeSpan.FromSeconds(1);

    private readonly HashSet<Replica> _tried = [];
    private long? _firstFailure;
    private TimeSpan? _roomAfter;
    private bool _isComingBack;
    private int _rounds;

    /// <summary>The next replica to ask; its call must be ended.</summary>
    /// <exception cref="ReplicaException">There is none that answers.</exception>
    public async Task<Replica> NextAsync()
    {
        await replicas.FoundAsync(call.CancellationToken);
        while (true)
        {
            if (replicas.Choose(preferred, _tried) is { } replica)
                return replica;
            var silent = replicas.Replicas is [var first, ..] ? first : null;
            var failure = new RpcException(new Grpc.Core.Status(StatusCode.Unavailable, $"nobody answers at {replicas.Address}"));
            if (silent is not null || !await AgainAsync(null, failure, PeerProblem.Unreachable))
                throw new ReplicaException(failure, silent, silent is null ? PeerProblem.Unreachable : PeerProblem.Silent);
        }
    }

    /// <summary>Waits until the call may be made again.</summary>
    /// <param name="replica">Where it failed; null when there was none to ask.</param>
    /// <param name="failure">How.</param>
    /// <param name="problem">What is wrong with the replica.</param>
    /// <returns>Whether it may.</returns>
    /// <exception cref="OperationCanceledException">The caller left.</exception>
    public async Task<bool> AgainAsync(Replica? replica, RpcException failure, PeerProblem problem)
    {
        var isAway = failure.StatusCode == StatusCode.Unavailable || problem is PeerProblem.Unreachable or PeerProblem.Lost or PeerProblem.Silent
            or PeerProblem.Insecure;
        var room = failure.StatusCode == StatusCode.ResourceExhausted ? RetryDelay(failure) : null;
        if (!isAway && room is null)
            return false;
        _firstFailure ??= time.GetTimestamp();
        if (replica is not null)
            _ = _tried.Add(replica);
        _isComingBack |= isAway && IsComingBack(replica, failure, problem);
        if (room is { } delay)
            _roomAfter = _roomAfter is { } least && least < delay ? least : delay;
        if (replicas.HasOther(_tried))
            return true;
        return await AnotherRoundAsync();
    }

    private async Task<bool> AnotherRoundAsync()
    {
        var isWaiting = _isComingBack && time.GetElapsedTime(_firstFailure!.Value) < options.RestartLimit;
        if (_rounds >= options.Retries && !isWaiting)
            return false;
        var pause = Pause();
        if (call.Deadline is { } deadline && time.GetUtcNow().UtcDateTime + pause >= deadline)
            return false;
        await Task.Delay(pause, time, call.CancellationToken);
        _rounds++;
        _tried.Clear();
        _roomAfter = null;
        _isComingBack = false;
        return true;
    }

    private TimeSpan Pause()
    {
        // callers that failed together shall not come back together
        if (_roomAfter is { } room)
            return room * (1 + (0.1 * Random.Shared.NextDouble()));
        var pause = options.RetryDelay * Math.Pow(2, Math.Min(_rounds, 20));
        return (pause < _longestPause ? pause : _longestPause) * (0.5 + Random.Shared.NextDouble());
    }

    /// <summary>One that was there and is away now, or says that it will be there soon, is waited for.</summary>
    private static bool IsComingBack(Replica? replica, RpcException failure, PeerProblem problem) => problem switch
    {
        PeerProblem.None => ReasonOf(failure) != UnavailableException.ModelStalled,
        PeerProblem.Unreachable or PeerProblem.Lost => replica?.HasAnswered ?? true,
        _ => false,
    };

    private static TimeSpan? RetryDelay(RpcException failure) => Details(failure)?.GetDetail<RetryInfo>()?.RetryDelay.ToTimeSpan();

    private static string? ReasonOf(RpcException failure) => Details(failure)?.GetDetail<ErrorInfo>()?.Reason;

    private static Google.Rpc.Status? Details(RpcException failure)
    {
        try
        {
            return failure.GetRpcStatus();
        }
        catch (Exception exception) when (exception is Google.Protobuf.InvalidProtocolBufferException or FormatException)
        {
            return null;
        }
    }
}
