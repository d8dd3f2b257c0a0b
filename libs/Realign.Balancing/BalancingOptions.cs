using System.Net.Security;

namespace Realign.Balancing;

/// <summary>How the replicas of a service are found, watched and called.</summary>
public sealed record BalancingOptions
{
    /// <summary>Largest message either way, in bytes.</summary>
    public required int MaxMessageBytes { get; init; }

    /// <summary>Whether the proxy of the environment is used.</summary>
    public bool UseProxy { get; init; }

    /// <summary>Whom connections to <c>https</c> believe and what they show; by default the machine's authorities, and nothing.</summary>
    public SslClientAuthenticationOptions Tls { get; init; } = new();

    /// <summary>How often a name is looked up.</summary>
    public TimeSpan Refresh { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>How often a replica is asked for its health.</summary>
    public TimeSpan HealthInterval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long it may take to answer that.</summary>
    public TimeSpan HealthTimeout { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>A replica that has answered nothing for so long is given up until it does; calls in flight are taken from it.</summary>
    public TimeSpan SilentAfter { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long a call waits for a replica that went away, and no longer than its own deadline.</summary>
    public TimeSpan RestartLimit { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How often a call goes through all replicas again when all of them failed.</summary>
    public int Retries { get; init; } = 2;

    /// <summary>Pause before the first such round; twice as long before each further one, up to a second.</summary>
    public TimeSpan RetryDelay { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>
    /// Of a hundred unary calls at most so many are made at a second replica too, when they take longer than 95 of 100 of their method do: whichever
    /// answers first counts. 0 = none. Streams are never made twice.
    /// </summary>
    public double HedgeBudgetPercent { get; init; }
}
