using Grpc.Core;
using Realign.Balancing.Replicas;

namespace Realign.Balancing.Calls;

/// <summary>One attempt of a call at one replica. It is taken away from a replica that becomes silent.</summary>
internal sealed class ReplicaCall : IDisposable
{
    private readonly CancellationTokenSource _linked;
    private readonly CancellationToken _silence;
    private readonly CancellationToken _caller;
    private bool _isDisposed;

    /// <summary>Begins it.</summary>
    /// <param name="replica">Where; its call was begun by the choice and ends with this.</param>
    /// <param name="options">Options of the whole call.</param>
    public ReplicaCall(Replica replica, CallOptions options)
    {
        Replica = replica;
        _silence = replica.Silence;
        _caller = options.CancellationToken;
        _linked = CancellationTokenSource.CreateLinkedTokenSource(_caller, _silence);
        Options = options.WithCancellationToken(_linked.Token);
    }

    public Replica Replica { get; }

    /// <summary>Options of this attempt.</summary>
    public CallOptions Options { get; }

    /// <summary>What to make of its failure; the replica is told.</summary>
    /// <exception cref="OperationCanceledException">The caller left.</exception>
    public (RpcException Failure, PeerProblem Problem) Judge(RpcException failure)
    {
        _caller.ThrowIfCancellationRequested();
        if (_silence.IsCancellationRequested)
        {
            var silent = new RpcException(new Status(StatusCode.Unavailable, $"{Replica.Address} does not answer any more"));
            return (silent, PeerProblem.Silent);
        }

        var problem = PeerProblems.Of(failure);
        if (failure.StatusCode != StatusCode.DeadlineExceeded)
            Replica.Failed(problem, failure.Trailers);
        return (failure, problem);
    }

    /// <summary>Cancels it: nobody waits for its answer any more.</summary>
    public void Leave() => _linked.Cancel();

    public void Dispose()
    {
        if (_isDisposed)
            return;
        _isDisposed = true;
        _linked.Dispose();
        Replica.EndCall();
    }
}
