using Grpc.Core;
using Realign.MeshBenchmark;

namespace Realign.LoadBenchmark;

/// <summary>Flows through the Gateway over one, two and three Generators, and over three of which one comes later.</summary>
internal static class Spread
{
    private const int Callers = 8;

    public static async Task MeasureAsync(Report report, TimeSpan length)
    {
        var rows = new List<string[]>();
        var rates = new Dictionary<int, double>();
        foreach (var count in new[] { 1, 2, 3 })
        {
            var replicas = new List<ChildProcess>();
            for (var i = 0; i < count; i++)
                replicas.Add(await ChildProcess.ReplicaAsync());
            await using var gateway = await ChildProcess.GatewayAsync([.. replicas]);
            var calls = await Clients.ClosedAsync(Callers, length, () => Call.RealignAsync(gateway));
            rates[count] = calls.Count(call => call.Code == StatusCode.OK) / length.TotalSeconds;
            rows.Add(Row($"{count}", calls, replicas, rates[count]));
            if (count == 3)
            {
                await replicas[2].SignalAsync("KILL");
                var two = await Clients.ClosedAsync(Callers, length, () => Call.RealignAsync(gateway));
                await replicas[2].StartAsync();
                rows.Add(Row("3, the third killed before", two, replicas, two.Count(call => call.Code == StatusCode.OK) / length.TotalSeconds));
                var again = await Clients.ClosedAsync(Callers, length, () => Call.RealignAsync(gateway));
                rows.Add(Row("3, the third started again", again, replicas, again.Count(call => call.Code == StatusCode.OK) / length.TotalSeconds));
            }

            foreach (var replica in replicas)
                await replica.DisposeAsync();
        }

        report.Table($"Spread: {Callers} callers, two images a call", ["Generators", "calls", "failed", "images of each", "calls /s"], rows);
        report.Line(FormattableString.Invariant($"throughput of 3 replicas / of 1: {rates[3] / rates[1]:0.00}; of 2: {rates[2] / rates[1]:0.00}"));
    }

    private static string[] Row(string name, List<Call> calls, List<ChildProcess> replicas, double rate)
    {
        var drawn = calls.SelectMany(call => call.Models).CountBy(model => model).ToDictionary();
        return [
            name, $"{calls.Count}", $"{calls.Count(call => call.Code != StatusCode.OK)}",
            string.Join(", ", replicas.Select(replica => drawn.GetValueOrDefault($"{replica.Id}"))), Report.Number(rate),
        ];
    }
}
