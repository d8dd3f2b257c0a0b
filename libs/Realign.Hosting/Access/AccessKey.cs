using System.Threading.RateLimiting;

namespace Realign.Hosting.Access;

/// <summary>What the holder of a key may do.</summary>
internal sealed class AccessKey : IDisposable
{
    // as many at once as in a minute, then evenly
    private const int Refills = 60;

    private readonly TokenBucketRateLimiter? _calls;

    /// <summary>Whose it is: the tenant of its calls.</summary>
    public required string Name { get; init; }

    /// <summary>What it opens: services it may call, e.g. <c>gateway</c>, <c>generator</c>; see <see cref="Core.Calls.AccessScopes"/>.</summary>
    public required IReadOnlySet<string> Scopes { get; init; }

    /// <summary>Whether it calls for others and says for whom (<c>x-tenant</c>), as a Gateway does, which knows what they may use.</summary>
    public bool Delegates { get; init; }

    /// <summary>Adapters it may draw with.</summary>
    public required NameList Adapters { get; init; }

    /// <summary>Embeddings it may draw with.</summary>
    public required NameList Embeddings { get; init; }

    /// <summary>How much it may draw; null = no limit.</summary>
    public StepBudget? Steps { get; init; }

    /// <summary>Most calls a minute; null = no limit.</summary>
    public int? CallsPerMinute
    {
        get;
        init
        {
            field = value;
            _calls = value is { } calls ? Limiter(calls) : null;
        }
    }

    /// <summary>Whether another entry says the same; what was spent is no part of that.</summary>
    public bool Says(AccessKey other) => (Name, Delegates, CallsPerMinute, Steps?.Limit, Steps?.Window)
        == (other.Name, other.Delegates, other.CallsPerMinute, other.Steps?.Limit, other.Steps?.Window)
        && Scopes.SetEquals(other.Scopes) && Adapters.Says(other.Adapters) && Embeddings.Says(other.Embeddings);

    /// <summary>Counts a call.</summary>
    /// <returns>Null when it may be made, else when the next one may.</returns>
    public TimeSpan? SpendCall()
    {
        using var lease = _calls?.AttemptAcquire();
        if (lease is not { IsAcquired: false })
            return null;
        return lease.TryGetMetadata(MetadataName.RetryAfter, out var after) ? after : TimeSpan.FromSeconds(1);
    }

    /// <inheritdoc/>
    public void Dispose() => _calls?.Dispose();

    private static TokenBucketRateLimiter Limiter(int calls) => new(new TokenBucketRateLimiterOptions
    {
        TokenLimit = calls,
        TokensPerPeriod = Math.Max(1, calls / Refills),
        ReplenishmentPeriod = TimeSpan.FromMinutes(1.0 * Math.Max(1, calls / Refills) / calls),
        QueueLimit = 0,
    });
}
