using Realign.Conformance.Runner;
using Realign.Torch;

// usage: Realign.Conformance PACK [--filter TEXT] [--table FILE]
if (args.Length == 0 || !Directory.Exists(args[0]))
{
    Console.Error.WriteLine("usage: Realign.Conformance PACK [--filter TEXT] [--table FILE.md]: PACK is a folder of golden data");
    return 2;
}

// the number of threads decides the order of sums: the same on every machine, so that errors are
TorchRuntime.Initialize(threads: 2);

string? Option(string name) => Array.IndexOf(args, name) is var at and >= 0 && at + 1 < args.Length ? args[at + 1] : null;

var results = ConformanceRunner.Run(args[0], Option("--filter"), ConformanceReport.WriteLine);
if (Option("--table") is { } table)
    ConformanceReport.WriteTable(table, results);
var passed = results.Count(result => result.Passed);
Console.WriteLine($"{passed} passed, {results.Count - passed} failed");
return passed == results.Count && results.Count > 0 ? 0 : 1;
