using Grpc.Core;
using Realign.Balancing.Replicas;

namespace Realign.Balancing.Calls;

/// <summary>A call failed at every replica that it could be sent to.</summary>
/// <param name="failure">What the last one answered.</param>
/// <param name="replica">The last one; null when there was none to ask.</param>
/// <param name="problem">What is wrong with it, where the status is not its own.</param>
public sealed class ReplicaException(RpcException failure, Replica? replica, PeerProblem problem)
    : RpcException(failure.Status, failure.Trailers, failure.Message)
{
    /// <summary>The last one that was asked; null when there was none.</summary>
    public Replica? Replica { get; } = replica;

    /// <summary>What is wrong with it, where the status is not its own.</summary>
    public PeerProblem Problem { get; } = problem;
}
