namespace Realign.Balancing.Calls;

/// <summary>What is wrong with the one at the other end, where a status does not come from a service of ours.</summary>
public enum PeerProblem
{
    /// <summary>Nothing: the status is the service's own.</summary>
    None,

    /// <summary>Nothing listens at the address.</summary>
    Unreachable,

    /// <summary>The connection broke: the service went down, or something else did not understand us.</summary>
    Lost,

    /// <summary>Something listens that does not speak gRPC.</summary>
    NotGrpc,

    /// <summary>Something takes connections, or loses them on the way, and answers nothing.</summary>
    Silent,

    /// <summary>It announced a message above the limit.</summary>
    TooLarge,

    /// <summary>TLS with it failed: its certificate is not believed, or it speaks none.</summary>
    Insecure,
}
