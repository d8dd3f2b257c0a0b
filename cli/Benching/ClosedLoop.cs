namespace Realign.Cli.Benching;

/// <summary>So many callers, each of whom calls again when his call has ended: a slow service is asked less often.</summary>
/// <param name="concurrency">How many.</param>
/// <param name="tenants">Whose they are.</param>
internal sealed class ClosedLoop(int concurrency, TenantShares tenants) : ILoad
{
    public const string KindName = "concurrency";

    public string Kind => KindName;

    public double Level => concurrency;

    public Task RunAsync(Func<TimeSpan, string, Task> call, BenchClock clock, CancellationToken stop) =>
        Task.WhenAll(tenants.Sequence().Take(concurrency).Select(tenant => RepeatAsync(tenant, call, clock, stop)));

    private static async Task RepeatAsync(string tenant, Func<TimeSpan, string, Task> call, BenchClock clock, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            // a call that ends at once would keep the others from beginning
            await Task.Yield();
            await call(clock.Now, tenant);
        }
    }
}
