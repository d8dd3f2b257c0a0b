using SkiaSharp;

namespace Realign.Cli.Pictures;

/// <summary>Lines over a common axis, both from zero.</summary>
/// <param name="Title">What is drawn.</param>
/// <param name="Axis">What it is drawn over.</param>
/// <param name="Lines">Name and points of each line.</param>
internal sealed record LineChart(string Title, string Axis, IReadOnlyList<(string Name, IReadOnlyList<(double X, double Y)> Points)> Lines)
{
    private const int Left = 64;
    private const int Right = 16;
    private const int Top = 56;
    private const int Bottom = 48;
    private const int Divisions = 4;
    private static readonly int[] _factors = [1, 2, 4, 8, 10];

    public void Draw(SKCanvas canvas, SKRect place)
    {
        var (mostX, mostY) = (Rounded(Lines, point => point.X), Rounded(Lines, point => point.Y));
        var plot = new SKRect(place.Left + Left, place.Top + Top, place.Right - Right, place.Bottom - Bottom);
        using var bold = Drawing.Font(16, bold: true);
        using var small = Drawing.Font(12);
        using var grid = new SKPaint { Color = Palette.Muted.WithAlpha(60), StrokeWidth = 1, IsAntialias = true };
        Drawing.Text(canvas, Title, plot.Left, place.Top + 22, plot.Width, bold, Palette.Text);
        Drawing.Text(canvas, Axis, plot.MidX, place.Bottom - 10, plot.Width, small, Palette.Muted, SKTextAlign.Center);
        for (var i = 0; i <= Divisions; i++)
        {
            var share = i / (float)Divisions;
            var (x, y) = (plot.Left + (share * plot.Width), plot.Bottom - (share * plot.Height));
            canvas.DrawLine(plot.Left, y, plot.Right, y, grid);
            Drawing.Text(canvas, Label(share * mostY), plot.Left - 8, y + 4, Left, small, Palette.Muted, SKTextAlign.Right);
            Drawing.Text(canvas, Label(share * mostX), x, plot.Bottom + 18, Left, small, Palette.Muted, SKTextAlign.Center);
        }

        var legend = plot.Left;
        for (var i = 0; i < Lines.Count; i++)
        {
            Drawing.Text(canvas, Lines[i].Name, legend, place.Top + 42, plot.Width, small, Palette.Of(i));
            legend += small.MeasureText(Lines[i].Name) + 18;
            DrawLine(canvas, [.. Lines[i].Points.Select(point => new SKPoint(
                plot.Left + (float)(point.X / mostX * plot.Width), plot.Bottom - (float)(point.Y / mostY * plot.Height)))], Palette.Of(i));
        }
    }

    private static void DrawLine(SKCanvas canvas, SKPoint[] points, SKColor color)
    {
        using var stroke = new SKPaint { Color = color, StrokeWidth = 2, IsAntialias = true };
        for (var i = 0; i < points.Length; i++)
        {
            if (i > 0)
                canvas.DrawLine(points[i - 1], points[i], stroke);
            canvas.DrawCircle(points[i], 3.5f, stroke);
        }
    }

    /// <summary>The next of 1, 2, 4 and 8 times a power of ten that holds all values: a quarter of each is a short number.</summary>
    private static double Rounded(IEnumerable<(string Name, IReadOnlyList<(double X, double Y)> Points)> lines, Func<(double X, double Y), double> value)
    {
        var most = lines.SelectMany(line => line.Points).Select(value).DefaultIfEmpty(0).Max();
        if (most <= 0)
            return 1;
        var power = Math.Pow(10, Math.Floor(Math.Log10(most)));
        return _factors.Select(factor => factor * power).First(limit => limit >= most * (1 - 1e-9));
    }

    private static string Label(double value) => FormattableString.Invariant($"{value:0.###}");
}
