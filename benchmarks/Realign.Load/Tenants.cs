using Grpc.Core;
using Realign.MeshBenchmark;

namespace Realign.LoadBenchmark;

/// <summary>A tenant with one call at a time, alone and beside ten such clients of another tenant.</summary>
internal static class Tenants
{
    private const int Crowd = 10;

    public static async Task MeasureAsync(Report report, TimeSpan length)
    {
        await using var replica = await ChildProcess.ReplicaAsync();
        var alone = await Clients.ClosedAsync(1, length, () => Call.GenerateAsync(replica, "small"));
        var named = await BesideAsync(replica, length, "small", "large");
        var unnamed = await BesideAsync(replica, length, "", "");
        report.Table($"Tenants 1:{Crowd}, 100 ms a call, one replica", ["small tenant", "calls", "failed", "p50 ms", "p95 ms", "p95 / alone"],
            [Row("alone", alone, alone), Row("beside the other, both named", named, alone), Row("beside the other, none named", unnamed, alone)]);
    }

    private static async Task<List<Call>> BesideAsync(ChildProcess replica, TimeSpan length, string small, string large)
    {
        var crowd = Clients.ClosedAsync(Crowd, length, () => Call.GenerateAsync(replica, large));
        var calls = await Clients.ClosedAsync(1, length, () => Call.GenerateAsync(replica, small));
        _ = await crowd;
        return calls;
    }

    private static string[] Row(string name, List<Call> calls, List<Call> alone)
    {
        var times = Clients.Times(calls);
        return [
            name, $"{calls.Count}", $"{calls.Count(call => call.Code != StatusCode.OK)}", Report.Number(times.Median, "0"),
            Report.Number(times.Percentile(95), "0"),
            Report.Number(times.Percentile(95) / Clients.Times(alone).Percentile(95), "0.00"),
        ];
    }
}
