using Grpc.Core;
using Realign.Core.Calls;

namespace Realign.Cli.Benching;

/// <summary>Puts a load on a service and measures it window by window until it is stable.</summary>
/// <param name="call">The call that is made.</param>
/// <param name="invoker">Where.</param>
/// <param name="settings">How long is measured.</param>
/// <param name="time">The clock.</param>
internal sealed class LoadMeasurement(BenchCall call, CallInvoker invoker, BenchSettings settings, TimeProvider time)
{
    /// <summary>How often a window that has to last longer is looked at.</summary>
    private static readonly TimeSpan _look = TimeSpan.FromMilliseconds(20);

    /// <summary>Measures one load.</summary>
    /// <param name="load">When calls are made.</param>
    /// <param name="tenants">Whose figures are wanted apart.</param>
    /// <param name="seen">Told of each window.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task<LoadPoint> RunAsync(
        ILoad load, IReadOnlyList<string> tenants, Action<IReadOnlyList<LoadWindow>> seen, CancellationToken cancellationToken)
    {
        var (clock, log, windows) = (new BenchClock(time), new SampleLog(), new List<LoadWindow>());
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var running = load.RunAsync((due, tenant) => CallAsync(due, tenant, clock, log, stop.Token), clock, stop.Token);
        try
        {
            _ = await clock.UntilAsync(settings.WarmUp, cancellationToken);
            _ = log.Take();
            while (windows.Count < settings.MostWindows && !StabilityRule.IsStable(windows) && !StabilityRule.IsHopeless(windows))
            {
                windows.Add(await WindowAsync(clock, log, cancellationToken));
                seen(windows);
            }
        }
        finally
        {
            // calls in flight are of no window: they are cancelled, not waited for
            await stop.CancelAsync();
            await running;
        }

        return LoadPoint.Of(load, windows, tenants);
    }

    private async Task<LoadWindow> WindowAsync(BenchClock clock, SampleLog log, CancellationToken cancellationToken)
    {
        var begin = clock.Now;
        _ = await clock.UntilAsync(begin + settings.Window, cancellationToken);
        while (log.Count < BenchSettings.FewestCalls && clock.Now - begin < settings.Window * BenchSettings.LongestWindow)
            _ = await clock.UntilAsync(clock.Now + _look, cancellationToken);
        cancellationToken.ThrowIfCancellationRequested();
        return new LoadWindow(log.Take(), clock.Now - begin);
    }

    private async Task CallAsync(TimeSpan due, string tenant, BenchClock clock, SampleLog log, CancellationToken stop)
    {
        var begun = clock.Now;
        TimeSpan? first = null;
        var options = new CallOptions(
            tenant.Length > 0 ? new Metadata { { CallMetadata.Tenant, tenant } } : null, time.GetUtcNow().UtcDateTime + settings.Deadline - (begun - due), stop);
        var code = await call.RunAsync(invoker, options, () => first ??= clock.Now);
        if (!stop.IsCancellationRequested)
            log.Add(new CallSample(due, begun, first, clock.Now, code, tenant));
    }
}
