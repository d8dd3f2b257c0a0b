using System.Collections.Concurrent;
using System.Diagnostics;
using Realign.MeshBenchmark;

namespace Realign.LoadBenchmark;

/// <summary>Callers.</summary>
internal static class Clients
{
    /// <summary>So many clients, each with one call at a time.</summary>
    public static async Task<List<Call>> ClosedAsync(int count, TimeSpan length, Func<Task<Call>> call)
    {
        var calls = new ConcurrentQueue<Call>();
        var time = Stopwatch.StartNew();
        await Task.WhenAll(Enumerable.Range(0, count).Select(async _ =>
        {
            while (time.Elapsed < length)
                calls.Enqueue(await call());
        }));
        return [.. calls];
    }

    /// <summary>Calls at random times (Poisson), however many are unanswered.</summary>
    public static async Task<List<Call>> OpenAsync(double perSecond, TimeSpan length, Func<Task<Call>> call)
    {
        var random = new Random(1);
        var running = new List<Task<Call>>();
        var time = Stopwatch.StartNew();
        for (var next = TimeSpan.Zero; next < length; next += TimeSpan.FromSeconds(-Math.Log(1 - random.NextDouble()) / perSecond))
        {
            if (next - time.Elapsed is var wait && wait > TimeSpan.Zero)
                await Task.Delay(wait);
            running.Add(call());
        }

        return [.. await Task.WhenAll(running)];
    }

    public static Samples Times(IEnumerable<Call> calls)
    {
        var samples = new Samples();
        foreach (var call in calls)
            samples.Add(call.Milliseconds);
        return samples;
    }
}
