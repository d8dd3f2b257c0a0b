namespace Realign.Cli.Benching;

/// <summary>
/// Calls by the clock, whatever became of those before: as many strangers call. A call is due at its time even where it could only be made
/// later, so that a service (or a machine) that stops for a moment is not asked less often meanwhile: no coordinated omission.
/// </summary>
/// <param name="rate">Calls a second.</param>
/// <param name="isPoisson">Whether the pauses between them are random (exponential) instead of even.</param>
/// <param name="tenants">Whose they are.</param>
internal sealed class OpenLoop(double rate, bool isPoisson, TenantShares tenants) : ILoad
{
    // the same arrivals in every run
    private const int Seed = 20240501;
    private const int Sweep = 256;

    public string Kind => "rate";

    public double Level => rate;

    public async Task RunAsync(Func<TimeSpan, string, Task> call, BenchClock clock, CancellationToken stop)
    {
        var running = new List<Task>();
        var next = Sweep;
        foreach (var (due, tenant) in Arrivals().Zip(tenants.Sequence()))
        {
            if (!await clock.UntilAsync(due, stop))
                break;
            running.Add(call(due, tenant));
            if (running.Count < next)
                continue;
            _ = running.RemoveAll(task => task.IsCompleted);
            next = (2 * running.Count) + Sweep;
        }

        await Task.WhenAll(running);
    }

    /// <summary>When calls are due, without end.</summary>
    internal IEnumerable<TimeSpan> Arrivals()
    {
        var random = new Random(Seed);
        var at = 0.0;
        for (long i = 0; ; i++)
        {
            yield return TimeSpan.FromSeconds(isPoisson ? at : i / rate);
            at -= Math.Log(1 - random.NextDouble()) / rate;
        }
    }
}
