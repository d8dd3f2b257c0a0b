using Realign.Balancing.Replicas;

namespace Realign.Gateway.Backends;

/// <summary>Generators that a call draws with, different ones; they count as busy until it is disposed.</summary>
internal sealed class GeneratorLease : IDisposable
{
    private readonly IReadOnlyList<ReplicaLease> _replicas;

    private GeneratorLease(Backend backend, IReadOnlyList<ReplicaLease> replicas)
    {
        _replicas = replicas;
        Generators = replicas.Count > 0
            ? [.. replicas.Select(replica => new GeneratorBackend(backend, new(replica.Invoker)))]
            : [new GeneratorBackend(backend, new(backend.Replicas.Invoker))];
    }

    /// <summary>At least one.</summary>
    public IReadOnlyList<GeneratorBackend> Generators { get; }

    /// <summary>Takes Generators that serve.</summary>
    /// <param name="backend">The service.</param>
    /// <param name="count">At most so many.</param>
    public static GeneratorLease Take(Backend backend, int count) => new(backend, backend.Replicas.Lease(count));

    public void Dispose()
    {
        foreach (var replica in _replicas)
            replica.Dispose();
    }
}
