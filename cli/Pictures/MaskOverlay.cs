using Google.Protobuf;
using SkiaSharp;

namespace Realign.Cli.Pictures;

/// <summary>The image with every mask tinted and outlined in its color, and a legend below.</summary>
internal static class MaskOverlay
{
    private const int Size = 640;
    private const int Margin = 20;
    private const int RowHeight = 34;

    /// <summary>The picture with its legend below.</summary>
    public static byte[] Draw(ByteString image, IReadOnlyList<MaskLayer> layers)
    {
        using var bitmap = Drawing.Decode(image);
        var picture = Fit(bitmap);
        var height = (int)picture.Height + (2 * Margin) + (Math.Max(1, layers.Count) * RowHeight) + 8;
        return Drawing.Png(Size + (2 * Margin), height, canvas =>
        {
            canvas.Translate(Margin, Margin);
            Draw(canvas, bitmap, picture, layers);
            Legend(canvas, picture.Bottom + 14, layers);
        });
    }

    /// <summary>The picture alone, for a page that has a legend of its own.</summary>
    public static byte[] DrawWithoutLegend(ByteString image, IReadOnlyList<MaskLayer> layers)
    {
        using var bitmap = Drawing.Decode(image);
        var picture = Fit(bitmap);
        return Drawing.Png((int)picture.Width, (int)picture.Height, canvas => Draw(canvas, bitmap, picture, layers));
    }

    private static SKRect Fit(SKBitmap bitmap)
    {
        var scale = (float)Size / Math.Max(bitmap.Width, bitmap.Height);
        return new SKRect(0, 0, bitmap.Width * scale, bitmap.Height * scale);
    }

    private static void Draw(SKCanvas canvas, SKBitmap bitmap, SKRect picture, IReadOnlyList<MaskLayer> layers)
    {
        Drawing.Image(canvas, bitmap, picture);
        // what no mask covers steps back
        if (layers.Count > 0)
            Shade(canvas, picture, layers);
        for (var i = 0; i < layers.Count; i++)
            Outline(canvas, picture, layers[i], Palette.Of(i));
    }

    private static void Shade(SKCanvas canvas, SKRect picture, IReadOnlyList<MaskLayer> layers)
    {
        var (width, height) = (layers[0].Mask.Width, layers[0].Mask.Height);
        using var shade = new SKBitmap(new SKImageInfo(width, height, SKColorType.Rgba8888, SKAlphaType.Unpremul));
        var pixels = Enumerable.Repeat(new SKColor(8, 10, 16, 120), width * height).ToArray();
        for (var i = 0; i < layers.Count; i++)
        {
            if (layers[i].Mask.Width != width || layers[i].Mask.Height != height)
                continue;
            var cells = layers[i].Mask.ToMask().Cells;
            for (var cell = 0; cell < cells.Length; cell++)
            {
                if (cells[cell] != 0)
                    pixels[cell] = Palette.Of(i).WithAlpha(44);
            }
        }

        shade.Pixels = pixels;
        using var layer = SKImage.FromBitmap(shade);
        canvas.DrawImage(layer, picture, Drawing.Enlarge(shade), null);
    }

    private static void Outline(SKCanvas canvas, SKRect picture, MaskLayer layer, SKColor color)
    {
        var cells = layer.Mask.ToMask().Cells;
        var (width, height) = (layer.Mask.Width, layer.Mask.Height);
        var (dx, dy) = (picture.Width / width, picture.Height / height);
        using var path = new SKPathBuilder();
        for (var y = 0; y < height; y++)
        {
            for (var x = 0; x < width; x++)
            {
                if (cells[(y * width) + x] == 0)
                    continue;
                if (x == 0 || cells[(y * width) + x - 1] == 0)
                    Edge(path, x * dx, y * dy, x * dx, (y + 1) * dy);
                if (x == width - 1 || cells[(y * width) + x + 1] == 0)
                    Edge(path, (x + 1) * dx, y * dy, (x + 1) * dx, (y + 1) * dy);
                if (y == 0 || cells[((y - 1) * width) + x] == 0)
                    Edge(path, x * dx, y * dy, (x + 1) * dx, y * dy);
                if (y == height - 1 || cells[((y + 1) * width) + x] == 0)
                    Edge(path, x * dx, (y + 1) * dy, (x + 1) * dx, (y + 1) * dy);
            }
        }

        using var outline = path.Detach();
        using var halo = new SKPaint
        {
            Color = new SKColor(0, 0, 0, 150),
            Style = SKPaintStyle.Stroke,
            StrokeWidth = 6,
            IsAntialias = true,
            StrokeCap = SKStrokeCap.Round
        };
        using var line = new SKPaint { Color = color, Style = SKPaintStyle.Stroke, StrokeWidth = 3, IsAntialias = true, StrokeCap = SKStrokeCap.Round };
        canvas.DrawPath(outline, halo);
        canvas.DrawPath(outline, line);
    }

    private static void Edge(SKPathBuilder path, float x0, float y0, float x1, float y1)
    {
        path.MoveTo(x0, y0);
        path.LineTo(x1, y1);
    }

    private static void Legend(SKCanvas canvas, float top, IReadOnlyList<MaskLayer> layers)
    {
        using var bold = Drawing.Font(17, bold: true);
        using var regular = Drawing.Font(15);
        if (layers.Count == 0)
        {
            Drawing.Text(canvas, "nothing was found", 0, top + 22, Size, regular, Palette.Muted);
            return;
        }

        for (var i = 0; i < layers.Count; i++)
        {
            var y = top + (i * RowHeight);
            using var swatch = new SKPaint { Color = Palette.Of(i), IsAntialias = true };
            canvas.DrawRoundRect(new SKRect(0, y + 6, 20, y + 26), 5, 5, swatch);
            Drawing.Text(canvas, layers[i].Title, 32, y + 22, Size * 0.55f, bold, Palette.Text);
            Drawing.Text(canvas, layers[i].Detail, Size, y + 22, Size * 0.4f, regular, Palette.Muted, SKTextAlign.Right);
        }
    }
}
