using Realign.Cli.Pictures;
using SkiaSharp;

namespace Realign.Cli.Benching;

/// <summary>Goodput and latency over the load: a row for each kind of load.</summary>
internal static class BenchPicture
{
    private const int Width = 1120;
    private const int Row = 340;
    private const int Header = 44;

    /// <returns>A PNG file.</returns>
    public static byte[] Draw(BenchResult result)
    {
        var kinds = result.Points.GroupBy(point => point.Kind).Select(group => group.OrderBy(point => point.Level).ToList()).ToList();
        return Drawing.Png(Width, Header + (Row * kinds.Count), canvas =>
        {
            using var font = Drawing.Font(18, bold: true);
            Drawing.Text(canvas, result.Method, 20, 30, Width - 40, font, Palette.Text);
            for (var i = 0; i < kinds.Count; i++)
            {
                var top = Header + (i * Row);
                Throughput(kinds[i]).Draw(canvas, new SKRect(0, top, Width / 2f, top + Row));
                Latency(kinds[i]).Draw(canvas, new SKRect(Width / 2f, top, Width, top + Row));
            }
        });
    }

    private static LineChart Throughput(List<LoadPoint> points)
    {
        var goodput = Line("answered well", points, point => point.Figures.Goodput);
        return points[0].Kind == ClosedLoop.KindName
            ? new LineChart("calls a second", "calls at once", [goodput])
            : new LineChart("calls a second", "calls a second that were made", [goodput, Line("made", points, point => point.Level)]);
    }

    private static LineChart Latency(List<LoadPoint> points) => new(
        "latency, ms", points[0].Kind == ClosedLoop.KindName ? "calls at once" : "calls a second that were made",
        [
            Line("p50", points, point => point.Figures.Latency?.P50),
            Line("p95", points, point => point.Figures.Latency?.P95),
            Line("p99", points, point => point.Figures.Latency?.P99),
            .. points.Exists(point => point.Figures.Refusal is not null)
                ? [Line("refused p99", points, point => point.Figures.Refusal?.P99)]
                : Array.Empty<(string, IReadOnlyList<(double, double)>)>(),
        ]);

    private static (string Name, IReadOnlyList<(double X, double Y)> Points) Line(
        string name, IEnumerable<LoadPoint> points, Func<LoadPoint, double?> value) =>
        (name, [.. points.Where(point => value(point) is not null).Select(point => (point.Level, value(point)!.Value))]);
}
