using Grpc.Core;
using Realign.MeshBenchmark;

namespace Realign.LoadBenchmark;

/// <summary>Two replicas of every service, restarted one after the other while calls run: as an operator does it, and by kill -9.</summary>
internal static class RollingRestart
{
    private const int Callers = 4;

    public static async Task MeasureAsync(Report report)
    {
        var rows = new List<string[]>();
        foreach (var (name, signal, count) in new[] { ("SIGTERM", "TERM", 2), ("kill -9", "KILL", 2), ("SIGTERM, one replica of each", "TERM", 1) })
        {
            var replicas = new List<ChildProcess>();
            for (var i = 0; i < count; i++)
                replicas.Add(await ChildProcess.ReplicaAsync());
            await using var gateway = await ChildProcess.GatewayAsync([.. replicas], [.. replicas]);
            var isOver = false;
            var running = Task.WhenAll(Enumerable.Range(0, Callers).Select(async _ =>
            {
                var calls = new List<Call>();
                while (!Volatile.Read(ref isOver))
                    calls.Add(await Call.RealignAsync(gateway, TimeSpan.FromSeconds(60)));
                return calls;
            }));
            for (var round = 0; round < 2; round++)
            {
                foreach (var replica in replicas)
                {
                    _ = await Call.RealignAsync(gateway);
                    await replica.RestartAsync(signal);
                    _ = await Call.RealignAsync(gateway);
                }
            }

            Volatile.Write(ref isOver, true);
            var all = (await running).SelectMany(calls => calls).ToList();
            var failed = all.Where(call => call.Code != StatusCode.OK).ToList();
            rows.Add([
                name, $"{all.Count}", $"{failed.Count}", Report.Number(Clients.Times(all).Percentile(95), "0"), Report.Number(Clients.Times(all).Maximum, "0"),
                string.Join("; ", failed.CountBy(call => call.Detail.Split(". ")[0]).Select(pair => $"{pair.Value} x {pair.Key}")),
            ]);
            foreach (var replica in replicas)
                await replica.DisposeAsync();
        }

        report.Table($"Every replica restarted twice, {Callers} callers", ["how", "calls", "failed", "p95 ms", "slowest ms", "how they failed"], rows);
    }
}
