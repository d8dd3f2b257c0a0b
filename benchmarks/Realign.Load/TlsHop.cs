using System.Diagnostics;
using Google.Protobuf;
using Grpc.Health.V1;
using Realign.MeshBenchmark;
using Realign.V1;

namespace Realign.LoadBenchmark;

/// <summary>
/// What certificates at both ends of every connection cost: the same calls at two meshes that take turns, one with TLS and one without. A health check of the
/// Tagger through the Gateway is the smallest call over two connections, a picture to a replica a large one over one.
/// </summary>
internal static class TlsHop
{
    private const int Calls = 1000;
    private const int LargeCalls = 200;
    private const int PictureBytes = 768 << 10;

    public static async Task MeasureAsync(Report report)
    {
        using var certificate = new Certificate();
        await using var plainReplica = await ChildProcess.ReplicaAsync();
        await using var secureReplica = await ChildProcess.ReplicaAsync(certificate);
        await using var plain = await ChildProcess.GatewayAsync([plainReplica], [plainReplica]);
        await using var secure = await ChildProcess.GatewayAsync([secureReplica], [secureReplica], null, certificate);
        var picture = new TagRequest { Image = new Image { Encoded = ByteString.CopyFrom(new byte[PictureBytes]) } };

        var rows = new List<string[]>
        {
            await RowAsync("health check through the Gateway", Calls, gateway: true,
                child => new Health.HealthClient(child.Channel).CheckAsync(new HealthCheckRequest { Service = "tagger" }).ResponseAsync),
            await RowAsync("health check of a replica", Calls, gateway: false,
                child => new Health.HealthClient(child.Channel).CheckAsync(new HealthCheckRequest()).ResponseAsync),
            await RowAsync("768 KiB to a replica", LargeCalls, gateway: false,
                child => new TaggerService.TaggerServiceClient(child.Channel).TagAsync(picture).ResponseAsync),
        };
        report.Table("Calls without and with TLS, certificates at both ends", ["call", "p50 ms without", "p50 ms with", "ratio (goal 1.1)", "p99 ms without",
            "p99 ms with"], rows);

        async Task<string[]> RowAsync(string name, int calls, bool gateway, Func<ChildProcess, Task> call)
        {
            var (without, with) = (new Samples(), new Samples());
            for (var i = -calls / 10; i < calls; i++)
            {
                foreach (var (samples, child) in new[] { (without, gateway ? plain : plainReplica), (with, gateway ? secure : secureReplica) })
                {
                    var watch = Stopwatch.StartNew();
                    await call(child);
                    if (i >= 0)
                        samples.Add(watch.Elapsed.TotalMilliseconds);
                }
            }

            return
            [
                name, Report.Number(without.Median, "0.000"), Report.Number(with.Median, "0.000"), Report.Number(with.Median / without.Median, "0.00"),
                Report.Number(without.Percentile(99), "0.00"), Report.Number(with.Percentile(99), "0.00"),
            ];
        }
    }
}
