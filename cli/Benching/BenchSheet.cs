using System.Globalization;
using Grpc.Core;

namespace Realign.Cli.Benching;

/// <summary>The result as CSV: a line for each load, and one for each of its tenants.</summary>
internal static class BenchSheet
{
    private const string Header = "method,kind,level,multiple,tenant,stable,seconds,ok,goodput,goodput_of_peak,mean_ms,p50_ms,p90_ms,p95_ms,p99_ms,max_ms,"
        + "first_message_p50_ms,refused,refusal_p50_ms,refusal_p99_ms,send_lag_p99_ms,codes";

    public static string Write(BenchResult result)
    {
        using var text = new StringWriter(CultureInfo.InvariantCulture) { NewLine = "\n" };
        text.WriteLine(Header);
        foreach (var point in result.Points)
        {
            text.WriteLine(Line(result, point, "", point.Figures));
            foreach (var (name, figures) in point.Tenants)
                text.WriteLine(Line(result, point, name, figures));
        }

        return text.ToString();
    }

    private static string Line(BenchResult result, LoadPoint point, string tenant, LoadFigures figures)
    {
        var (latency, refusal) = (figures.Latency, figures.Refusal);
        object?[] cells =
        [
            result.Method, point.Kind, point.Level, point.Multiple, tenant, point.IsStable ? "yes" : "no", figures.Seconds, figures.Ok, figures.Goodput,
            tenant.Length == 0 ? result.OfPeak(point) : null, latency?.Mean, latency?.P50, latency?.P90, latency?.P95, latency?.P99, latency?.Max,
            figures.First?.P50, figures.Codes.GetValueOrDefault(StatusCode.ResourceExhausted), refusal?.P50, refusal?.P99, figures.Lag?.P99,
            string.Join(';', figures.Codes.Select(code => FormattableString.Invariant($"{BenchResult.NameOf(code.Key)}={code.Value}"))),
        ];
        return string.Join(',', cells.Select(Cell));
    }

    private static string Cell(object? value) => value switch
    {
        null => "",
        double number => number.ToString("0.####", CultureInfo.InvariantCulture),
        _ => Convert.ToString(value, CultureInfo.InvariantCulture)!,
    };
}
