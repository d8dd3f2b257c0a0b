using System.Threading.RateLimiting;

namespace Realign.Hosting.Access;

/// <summary>What the holder of a key may do.</summary>
/// <param name="Name">Whose it is: the tenant of its calls.</param>
/// <param name="Scopes">Services it may call, e.g. <c>gateway</c>, <c>generator</c>; <c>*</c> = all.</param>
/// <param name="Delegates">Whether it calls for others and says for whom (<c>x-tenant</c>), as a Gateway does.</param>
/// <param name="CallsPerMinute">Most calls a minute; null = no limit.</param>
internal sealed record AccessKey(string Name, IReadOnlySet<string> Scopes, bool Delegates, int? CallsPerMinute) : IDisposable
{
    // as many at once as in a minute, then evenly
    private const int Refills = 60;

    private readonly TokenBucketRateLimiter? _limiter = CallsPerMinute is { } calls
        ? new TokenBucketRateLimiter(new TokenBucketRateLimiterOptions
        {
            TokenLimit = calls,
            TokensPerPeriod = Math.Max(1, calls / Refills),
            ReplenishmentPeriod = TimeSpan.FromMinutes(1.0 * Math.Max(1, calls / Refills) / calls),
            QueueLimit = 0,
        })
        : null;

    /// <summary>Whether it may call a service.</summary>
    public bool Allows(string service) => Scopes.Contains("*") || Scopes.Contains(service);

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
