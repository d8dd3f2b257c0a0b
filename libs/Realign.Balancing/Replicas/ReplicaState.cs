namespace Realign.Balancing.Replicas;

/// <summary>What is known of a replica. The order is that in which they are chosen.</summary>
public enum ReplicaState
{
    /// <summary>It says that it serves, or has not been heard of yet.</summary>
    Serving,

    /// <summary>It answers and says that it does not serve, or what it answers is no gRPC.</summary>
    NotServing,

    /// <summary>Nothing listens there, or the connection broke.</summary>
    Unreachable,

    /// <summary>Connections are taken or lost on the way, and nothing is answered. Nobody is sent there.</summary>
    Silent,
}
