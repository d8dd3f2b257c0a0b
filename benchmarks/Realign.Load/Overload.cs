using Grpc.Core;
using Realign.MeshBenchmark;

namespace Realign.LoadBenchmark;

/// <summary>One replica that can do 10 calls a second, each with half a second of time, offered more and more of them.</summary>
internal static class Overload
{
    private const double Capacity = 10;

    public static async Task MeasureAsync(Report report, TimeSpan length)
    {
        await using var replica = await ChildProcess.ReplicaAsync();
        _ = await Clients.ClosedAsync(1, TimeSpan.FromSeconds(2), () => Call.GenerateAsync(replica));
        var rows = new List<string[]>();
        var goodput = new Dictionary<double, double>();
        foreach (var factor in new[] { 0.5, 1, 2, 3, 5, 10 })
        {
            var calls = await Clients.OpenAsync(factor * Capacity, length, () => Call.GenerateAsync(replica, deadline: TimeSpan.FromSeconds(0.5)));
            var done = calls.Where(call => call.Code == StatusCode.OK).ToList();
            var refused = calls.Where(call => call.Code == StatusCode.ResourceExhausted).ToList();
            goodput[factor] = done.Count / length.TotalSeconds;
            rows.Add([
                Report.Number(factor * Capacity, "0"), Report.Number(goodput[factor]), Report.Number(Clients.Times(done).Percentile(95), "0"),
                $"{refused.Count}",
                $"{calls.Count - done.Count - refused.Count}", refused.Count == 0 ? "" : Report.Number(Clients.Times(refused).Percentile(50)),
                refused.Count == 0 ? "" : Report.Number(Clients.Times(refused).Percentile(95)),
            ]);
        }

        report.Table("Overload: 100 ms a call, 0.5 s of time, one replica",
            ["offered /s", "goodput /s", "p95 ms", "refused", "failed otherwise", "refusal p50 ms", "refusal p95 ms"], rows);
        report.Line(FormattableString.Invariant($"goodput at 3x / peak: {goodput[3] / goodput.Values.Max():0.00}"));
    }
}
