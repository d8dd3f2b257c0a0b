using System.Diagnostics;
using Grpc.Core;
using Realign.MeshBenchmark;

namespace Realign.LoadBenchmark;

/// <summary>A Tagger whose process is stopped in the middle of everything: it takes connections and answers nothing.</summary>
internal static class Silence
{
    public static async Task MeasureAsync(Report report)
    {
        await using var replica = await ChildProcess.ReplicaAsync();
        await using var tagger = await ChildProcess.ReplicaAsync();
        await using var gateway = await ChildProcess.GatewayAsync([replica], [replica], tagger);
        var rows = new List<string[]> { Row("before", await Call.RealignAsync(gateway)) };
        await tagger.SignalAsync("STOP");
        rows.Add(Row("first after it was stopped", await Call.RealignAsync(gateway)));
        rows.Add(Row("next", await Call.RealignAsync(gateway)));
        await tagger.SignalAsync("CONT");
        var time = Stopwatch.StartNew();
        Call last;
        do
            last = await Call.RealignAsync(gateway);
        while (last.Code != StatusCode.OK && time.Elapsed < TimeSpan.FromMinutes(1));
        rows.Add(Row(FormattableString.Invariant($"{time.Elapsed.TotalMilliseconds - last.Milliseconds:0} ms after it went on"), last));
        report.Table("A Tagger that is stopped (SIGSTOP); the call has ten minutes", ["call", "status", "ms", "images", "text"], rows);
    }

    private static string[] Row(string name, Call call) => [name, $"{call.Code}", Report.Number(call.Milliseconds, "0"), $"{call.Models.Count}", call.Detail];
}
