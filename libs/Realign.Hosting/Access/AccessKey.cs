using System.Threading.RateLimiting;
using Realign.Core.Calls;

namespace Realign.Hosting.Access;

/// <summary>What the holder of a key may do.</summary>
/// <param name="name">Whose it is: the tenant of its calls.</param>
/// <param name="scopes">Services it may call, e.g. <c>gateway</c>, <c>generator</c>; <c>*</c> = all.</param>
/// <param name="delegates">Whether it calls for others and says for whom (<c>x-tenant</c>), as a Gateway does.</param>
/// <param name="callsPerMinute">Most calls a minute; null = no limit.</param>
internal sealed class AccessKey(string name, IReadOnlySet<string> scopes, bool delegates, int? callsPerMinute) : IDisposable
{
    // as many at once as in a minute, then evenly
    private const int Refills = 60;

    private readonly TokenBucketRateLimiter? _limiter = callsPerMinute is { } calls
        ? new TokenBucketRateLimiter(new TokenBucketRateLimiterOptions
        {
            TokenLimit = calls,
            TokensPerPeriod = Math.Max(1, calls / Refills),
            ReplenishmentPeriod = TimeSpan.FromMinutes(1.0 * Math.Max(1, calls / Refills) / calls),
            QueueLimit = 0,
        })
        : null;

    /// <summary>Whose it is.</summary>
    public string Name => name;

    /// <summary>Whether it calls for others.</summary>
    public bool Delegates => delegates;

    /// <summary>Most calls a minute; null = no limit.</summary>
    public int? CallsPerMinute => callsPerMinute;

    private IReadOnlySet<string> Scopes => scopes;

    /// <summary>Whether it may call a service, or manage what is loaded.</summary>
    public bool Allows(string scope) => Scopes.Contains(scope) || (scope != AccessScopes.Manage && Scopes.Contains(AccessScopes.Any));

    /// <summary>Whether another entry says the same; what was spent is no part of that.</summary>
    public bool Says(AccessKey other) =>
        (Name, Delegates, CallsPerMinute) == (other.Name, other.Delegates, other.CallsPerMinute) && Scopes.SetEquals(other.Scopes);

    /// <summary>Counts a call.</summary>
    /// <returns>Null when it may be made, else when the next one may.</returns>
    public TimeSpan? Spend()
    {
        using var lease = _limiter?.AttemptAcquire();
        if (lease is not { IsAcquired: false })
            return null;
        return lease.TryGetMetadata(MetadataName.RetryAfter, out var after) ? after : TimeSpan.FromSeconds(1);
    }

    /// <inheritdoc/>
    public void Dispose() => _limiter?.Dispose();
}
