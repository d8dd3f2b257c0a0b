using Grpc.Core;
using Realign.Balancing.Replicas;

namespace Realign.Balancing.Calls;

/// <summary>The answers of a streaming call: from whichever replica sent the first one, and from no other afterwards.</summary>
/// <param name="attempts">The attempts.</param>
/// <param name="options">Options of the whole call.</param>
/// <param name="begin">Begins the call at a replica.</param>
internal sealed class BalancedStream<TResponse>(
    CallAttempts attempts, CallOptions options, Func<Replica, CallOptions, AsyncServerStreamingCall<TResponse>> begin)
    : IAsyncStreamReader<TResponse>, IDisposable
{
    private ReplicaCall? _attempt;
    private AsyncServerStreamingCall<TResponse>? _call;
    private bool _hasBegun;

    public TResponse Current => _call is null ? default! : _call.ResponseStream.Current;

    public async Task<bool> MoveNext(CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                if (_call is null)
                {
                    _attempt = new ReplicaCall(await attempts.NextAsync(), options);
                    _call = begin(_attempt.Replica, _attempt.Options);
                }

                var any = await _call.ResponseStream.MoveNext(cancellationToken);
                if (any)
                    _attempt!.Replica.Spoke();
                else
                    _attempt!.Replica.Answered(_call.GetTrailers());
                _hasBegun = true;
                return any;
            }
            catch (RpcException thrown) when (thrown is not ReplicaException)
            {
                cancellationToken.ThrowIfCancellationRequested();
                var attempt = _attempt!;
                var (failure, problem) = attempt.Judge(thrown);
                Dispose();
                if (_hasBegun || !await attempts.AgainAsync(attempt.Replica, failure, problem))
                    throw new ReplicaException(failure, attempt.Replica, problem);
            }
        }
    }

    // disposing a call that is not over resets its stream: the replica sees a cancelled caller
    public void Dispose()
    {
        _call?.Dispose();
        _attempt?.Dispose();
        (_call, _attempt) = (null, null);
    }
}
