using Grpc.Core;
using Spectre.Console;

namespace Realign.Cli.Benching;

/// <summary>The result for the eye.</summary>
internal static class BenchTable
{
    public static Table Of(BenchResult result)
    {
        var hasTenants = result.Points.Exists(point => point.Tenants.Count > 0);
        var hasPeak = result.Points.Exists(point => point.Multiple is not null);
        var hasRefusals = result.Points.Exists(point => point.Figures.Refusal is not null);
        var table = new Table().Border(TableBorder.Simple);
        foreach (var name in Cells("load", "tenant", "goodput/s", "x peak", "of peak", "p50 ms", "p90", "p95", "p99", "max", "refused ms", "answers"))
            _ = table.AddColumn(name, column => column.NoWrap = name != "answers");
        foreach (var point in result.Points)
        {
            Add(point, "", point.Figures);
            foreach (var (name, figures) in point.Tenants)
                Add(point, name, figures);
        }

        return table;

        void Add(LoadPoint point, string tenant, LoadFigures figures)
        {
            var isWhole = tenant.Length == 0;
            var latency = figures.Latency;
            var cells = Cells(
                isWhole ? LoadOf(point) : "", tenant, Number(figures.Goodput), isWhole ? FormattableString.Invariant($"{point.Multiple:0.##}") : "",
                isWhole && result.OfPeak(point) is { } share ? FormattableString.Invariant($"{100 * share:0} %") : "", Number(latency?.P50),
                Number(latency?.P90), Number(latency?.P95), Number(latency?.P99), Number(latency?.Max), Number(figures.Refusal?.P50),
                Answers(figures) + (isWhole && !point.IsStable ? "; not stable" : ""));
            _ = table.AddRow([.. cells.Select(Markup.Escape)]);
        }

        // what no load has needs no column
        IEnumerable<string> Cells(
            string load, string tenant, string goodput, string multiple, string ofPeak, string p50, string p90, string p95, string p99, string max,
            string refused, string answers) =>
        [
            load, .. hasTenants ? [tenant] : Array.Empty<string>(), goodput, .. hasPeak ? [multiple, ofPeak] : Array.Empty<string>(), p50, p90, p95, p99, max,
            .. hasRefusals ? [refused] : Array.Empty<string>(), answers,
        ];
    }

    private static string LoadOf(LoadPoint point) => point.Kind == ClosedLoop.KindName ? $"{point.Level:0} at once" : $"{Number(point.Level)}/s";

    /// <summary>Three digits that matter.</summary>
    public static string Number(double? value) => value switch
    {
        null => "",
        >= 100 => FormattableString.Invariant($"{value:0}"),
        >= 10 => FormattableString.Invariant($"{value:0.0}"),
        _ => FormattableString.Invariant($"{value:0.00}"),
    };

    private static string Answers(LoadFigures figures) => figures.Codes.Count == 0
        ? "none"
        : string.Join(", ", figures.Codes.Select(code => FormattableString.Invariant($"{code.Value} {(code.Key == StatusCode.OK ? "OK" : code.Key)}")));
}
