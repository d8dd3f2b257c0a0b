using SkiaSharp;

namespace Realign.Evaluation;

/// <summary>Coarse and refined side by side, each with a mark for what the judge thinks of it.</summary>
internal static class Grid
{
    private const int Cell = 96;
    private const int Gap = 4;
    private const int Line = 16;
    private const int Columns = 4;

    public static byte[] Draw(IReadOnlyList<Pair> pairs)
    {
        var (width, height) = (Gap + (Columns * ((2 * Cell) + (4 * Gap))), Gap + ((pairs.Count + Columns - 1) / Columns * (Cell + Line + (2 * Gap))));
        using var surface = SKSurface.Create(new SKImageInfo(width, height));
        surface.Canvas.Clear(SKColors.White);
        using var stream = typeof(Grid).Assembly.GetManifestResourceStream("Inter-400.ttf")!;
        using var data = SKData.Create(stream);
        using var face = SKTypeface.FromData(data);
        using var font = new SKFont(face, 10);
        using var ink = new SKPaint { Color = new SKColor(40, 40, 40), IsAntialias = true };
        for (var i = 0; i < pairs.Count; i++)
        {
            var (x, y) = (Gap + (i % Columns * ((2 * Cell) + (4 * Gap))), Gap + (i / Columns * (Cell + Line + (2 * Gap))));
            Picture(surface.Canvas, pairs[i].CoarsePng, x, y, pairs[i].Coarse.All(finding => finding.IsRight));
            Picture(surface.Canvas, pairs[i].RefinedPng, x + Cell + Gap, y, pairs[i].Fine.All(finding => finding.IsRight));
            surface.Canvas.DrawText(pairs[i].Prompt.Text, x, y + Cell + Line - 4, SKTextAlign.Left, font, ink);
        }

        using var image = surface.Snapshot();
        using var png = image.Encode(SKEncodedImageFormat.Png, 100);
        return png.ToArray();
    }

    private static void Picture(SKCanvas canvas, byte[] png, int x, int y, bool isRight)
    {
        using var bitmap = SKBitmap.Decode(png);
        using var image = SKImage.FromBitmap(bitmap);
        canvas.DrawImage(image, new SKRect(x, y, x + Cell, y + Cell), new SKSamplingOptions(SKFilterMode.Nearest), null);
        using var frame = new SKPaint { Style = SKPaintStyle.Stroke, StrokeWidth = 3, Color = isRight ? new SKColor(40, 160, 80) : new SKColor(210, 60, 50) };
        canvas.DrawRect(new SKRect(x + 1, y + 1, x + Cell - 1, y + Cell - 1), frame);
    }
}
