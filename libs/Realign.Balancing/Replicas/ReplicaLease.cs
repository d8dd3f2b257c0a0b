using Grpc.Core;

namespace Realign.Balancing.Replicas;

/// <summary>A replica that several calls are meant for: it counts as busy until it is disposed.</summary>
public sealed class ReplicaLease : IDisposable
{
    private bool _isDisposed;

    internal ReplicaLease(Replica replica, CallInvoker invoker)
    {
        Replica = replica;
        Invoker = invoker;
        replica.BeginLease();
    }

    /// <summary>The replica.</summary>
    public Replica Replica { get; }

    /// <summary>Calls it as long as it answers, and the others otherwise.</summary>
    public CallInvoker Invoker { get; }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_isDisposed)
            return;
        _isDisposed = true;
        Replica.EndLease();
    }
}
