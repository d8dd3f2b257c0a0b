namespace Realign.Client;

/// <summary>How a mesh is called.</summary>
public sealed record RealignClientOptions
{
    /// <summary>Time that a call has, all its attempts together, unless it names a deadline of its own.</summary>
    public TimeSpan Deadline { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Whose calls these are; the mesh gives tenants equal parts of its time. Null = nobody's.</summary>
    public string? Tenant { get; init; }

    /// <summary>How often a call goes through all replicas again when all of them failed.</summary>
    public int Retries { get; init; } = 2;

    /// <summary>Largest message either way, in megabytes of 2^20 bytes.</summary>
    public int MaxMessageMegabytes { get; init; } = 64;

    /// <summary>How often a name of <c>dns:///</c> is looked up.</summary>
    public TimeSpan Refresh { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>Whether the proxy of the environment is used.</summary>
    public bool UseProxy { get; init; }
}
