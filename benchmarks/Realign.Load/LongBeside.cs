using Realign.MeshBenchmark;

namespace Realign.LoadBenchmark;

/// <summary>Short calls, one at a time, alone and beside one call of two hundred times their length.</summary>
internal static class LongBeside
{
    private const int LongSteps = 1000;

    public static async Task MeasureAsync(Report report, TimeSpan length)
    {
        await using var replica = await ChildProcess.ReplicaAsync();
        var alone = Clients.Times(await Clients.ClosedAsync(1, length, () => Call.GenerateAsync(replica)));
        var running = Call.GenerateAsync(replica, steps: LongSteps);
        var beside = new Samples();
        while (!running.IsCompleted)
            beside.Add((await Call.GenerateAsync(replica)).Milliseconds);
        var took = (await running).Milliseconds;
        report.Table($"Calls of {Call.Steps} steps beside one of {LongSteps}", ["short calls", "count", "p50 ms", "p95 ms", "p95 / alone"],
            [Row("alone", alone, alone), Row("beside the long one", beside, alone)]);
        report.Line(FormattableString.Invariant($"the long one took {took / 1000:0.0} s; its steps alone take {LongSteps * 0.02:0} s or more"));
    }

    private static string[] Row(string name, Samples times, Samples alone) => [
        name, $"{times.Count}", Report.Number(times.Median, "0"), Report.Number(times.Percentile(95), "0"),
        Report.Number(times.Percentile(95) / alone.Percentile(95), "0.00"),
    ];
}
