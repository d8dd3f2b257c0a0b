using System.Diagnostics;
using Grpc.Health.V1;

namespace Realign.MeshBenchmark;

/// <summary>
/// The smallest unary call through the Gateway and without it: the Tagger's health, which the Gateway answers by asking the Tagger.
/// The two take turns, so that both see the same machine.
/// </summary>
internal static class HopTime
{
    private const int Calls = 2000;

    public static async Task MeasureAsync(MeshUnderTest mesh, Report report)
    {
        var direct = new Health.HealthClient(mesh.Channel("tagger"));
        var gateway = new Health.HealthClient(mesh.Channel("gateway"));
        var (straight, through) = (new Samples(), new Samples());
        for (var call = -200; call < Calls; call++)
        {
            var watch = Stopwatch.StartNew();
            _ = await direct.CheckAsync(new HealthCheckRequest());
            var first = watch.Elapsed.TotalMilliseconds;
            watch.Restart();
            _ = await gateway.CheckAsync(new HealthCheckRequest { Service = "tagger" });
            if (call < 0)
                continue;
            straight.Add(first);
            through.Add(watch.Elapsed.TotalMilliseconds);
        }

        string[] Row(string name, Func<Samples, double> of) =>
            [name, Report.Number(of(straight), "0.000"), Report.Number(of(through), "0.000"), Report.Number(of(through) - of(straight), "0.000"), name == "p50"
                ? "0.5" : ""];
        report.Table($"Hop through the Gateway, health check, {Calls} calls", ["", "direct ms", "through the Gateway ms", "difference ms", "goal"],
            [Row("min", samples => samples.Minimum), Row("p50", samples => samples.Median), Row("p99", samples => samples.Percentile(99))]);
    }
}
