using Realign.Hosting;
using Realign.LoadBenchmark;
using Realign.LoadBenchmark.Simulated;
using Realign.MeshBenchmark;

const string Usage = """
    usage: Realign.Load [--only overload,tenants,long,spread,restart,silence,tls] [--seconds 10] [--out FILE]
           Realign.Load replica --urls http://127.0.0.1:PORT
    The model is simulated: a step takes 20 ms of waiting, so that three replicas are three times as fast on any machine. Everything else
    is real: replicas and Gateway are processes of their own. `replica` is one of them.
    """;
if (args.Contains("--help"))
{
    Console.WriteLine(Usage);
    return 0;
}

if (args is ["replica", ..])
    return await ServiceHost.RunAsync(SimulatedReplica.Build, args[1..]);

string? Option(string name) => Array.IndexOf(args, name) is var at and >= 0 && at + 1 < args.Length ? args[at + 1] : null;

var only = (Option("--only") ?? "overload,tenants,long,spread,restart,silence,tls").Split(',');
var length = TimeSpan.FromSeconds(int.Parse(Option("--seconds") ?? "10", System.Globalization.CultureInfo.InvariantCulture));
var report = new Report(Option("--out"));
report.Line(FormattableString.Invariant($"{TimeProvider.System.GetUtcNow():yyyy-MM-dd HH:mm} UTC, {Environment.ProcessorCount} cores, load {Report.Load()}"));
if (only.Contains("overload"))
    await Overload.MeasureAsync(report, length);
if (only.Contains("tenants"))
    await Tenants.MeasureAsync(report, length);
if (only.Contains("long"))
    await LongBeside.MeasureAsync(report, length);
if (only.Contains("spread"))
    await Spread.MeasureAsync(report, length);
if (only.Contains("restart"))
    await RollingRestart.MeasureAsync(report);
if (only.Contains("silence"))
    await Silence.MeasureAsync(report);
if (only.Contains("tls"))
    await TlsHop.MeasureAsync(report);
return 0;
