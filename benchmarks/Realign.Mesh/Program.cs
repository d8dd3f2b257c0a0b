using System.Globalization;
using Realign.MeshBenchmark;

const string Usage = """
    usage: Realign.Mesh [--only stages,calls,hop,cancel,memory] [--runs 20] [--tries 50] [--calls 200] [--out FILE]
                        [--port-base 6300 | --gateway http://HOST:PORT [--state FOLDER]]
    Without --gateway the six services are started on ports of their own and stopped at the end. Memory is read through
    the process ids in the state folder of `realign up`.
    """;
if (args.Contains("--help"))
{
    Console.WriteLine(Usage);
    return 0;
}

string? Option(string name) => Array.IndexOf(args, name) is var at and >= 0 && at + 1 < args.Length ? args[at + 1] : null;
int Number(string name, int fallback) => Option(name) is { } text ? int.Parse(text, CultureInfo.InvariantCulture) : fallback;

var only = (Option("--only") ?? "stages,calls,hop,cancel,memory").Split(',');
var report = new Report(Option("--out"));
await using var mesh = Option("--gateway") is { } gateway
    ? await MeshUnderTest.UseAsync(gateway, Option("--state"))
    : await MeshUnderTest.StartAsync(Number("--port-base", 6300));

report.Line(FormattableString.Invariant($"{TimeProvider.System.GetUtcNow():yyyy-MM-dd HH:mm} UTC, {Environment.ProcessorCount} cores, load {Report.Load()}"));
if (only.Contains("memory"))
    report.Table("Memory at rest, before the first call", ["service", "resident MiB"],
        mesh.Memory().Select(entry => (string[])[entry.Service, Report.MiB(entry.Resident)]));
if (only.Contains("stages"))
    await StageTimes.MeasureAsync(mesh, report, Number("--runs", 20));
if (only.Contains("calls"))
    await CallTimes.MeasureAsync(mesh, report, Number("--runs", 20));
if (only.Contains("hop"))
    await HopTime.MeasureAsync(mesh, report);
if (only.Contains("cancel"))
    await CancelTime.MeasureAsync(mesh, report, Number("--tries", 50));
if (only.Contains("memory"))
    await MemoryGrowth.MeasureAsync(mesh, report, Number("--calls", 200));
return 0;
