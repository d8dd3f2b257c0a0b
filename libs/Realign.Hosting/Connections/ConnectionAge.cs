using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.Extensions.Options;

namespace Realign.Hosting.Connections;

/// <summary>
/// Ends connections of a certain age: their client is told to begin no more calls on it (GOAWAY) and makes another one, which may lead to a replica that
/// was not there before. Calls in flight end by themselves; those that outlast the grace are cut off.
/// </summary>
internal sealed class ConnectionAge(IOptions<HostingOptions> options, TimeProvider time)
{
    // connections that began together shall not be made again together
    private const double Jitter = 0.1;

    private readonly TimeSpan _age = TimeSpan.FromSeconds(options.Value.MaxConnectionAgeSeconds);
    private readonly TimeSpan _grace = TimeSpan.FromSeconds(options.Value.ConnectionGraceSeconds);

    /// <summary>Watches over the connections of an endpoint.</summary>
    public ConnectionDelegate Limit(ConnectionDelegate next) => _age == TimeSpan.Zero ? next : async connection =>
    {
        var age = _age * (1 - Jitter + (2 * Jitter * Random.Shared.NextDouble()));
        using var end = time.CreateTimer(_ => connection.Features.Get<IConnectionLifetimeNotificationFeature>()?.RequestClose(), null, age,
            Timeout.InfiniteTimeSpan);
        using var cut = time.CreateTimer(_ => connection.Abort(new ConnectionAbortedException("it outlasted its grace")), null, age + _grace,
            Timeout.InfiniteTimeSpan);
        await next(connection);
    };
}
