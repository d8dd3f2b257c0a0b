using Google.Protobuf;
using SkiaSharp;

namespace Realign.Cli.Pictures;

/// <summary>What the pictures share: fonts that are the same on every machine, decoding, sharp enlargement, PNG.</summary>
internal static class Drawing
{
    private static readonly Lazy<SKTypeface> Regular = new(() => Load("Inter-400.ttf"));
    private static readonly Lazy<SKTypeface> Bold = new(() => Load("Inter-600.ttf"));

    /// <summary>Small images are shown pixel by pixel, large ones smoothly.</summary>
    public static SKSamplingOptions Enlarge(SKBitmap image) =>
        image.Width <= 256 ? new SKSamplingOptions(SKFilterMode.Nearest) : new SKSamplingOptions(SKCubicResampler.Mitchell);

    public static SKFont Font(float size, bool bold = false) => new(bold ? Bold.Value : Regular.Value, size)
    {
        Edging = SKFontEdging.Antialias,
        Subpixel = true
    };

    public static SKBitmap Decode(ByteString image) =>
        SKBitmap.Decode(image.Span) ?? throw new CliException("the image cannot be shown: it is not a PNG, JPEG or WebP file", ExitCodes.Usage);

    /// <summary>Draws on a canvas and returns the PNG file.</summary>
    public static byte[] Png(int width, int height, Action<SKCanvas> draw)
    {
        using var surface = SKSurface.Create(new SKImageInfo(width, height, SKColorType.Rgba8888, SKAlphaType.Premul));
        surface.Canvas.Clear(Palette.Background);
        draw(surface.Canvas);
        using var image = surface.Snapshot();
        using var data = image.Encode(SKEncodedImageFormat.Png, 100);
        return data.ToArray();
    }

    public static void Image(SKCanvas canvas, SKBitmap bitmap, SKRect target)
    {
        using var image = SKImage.FromBitmap(bitmap);
        canvas.DrawImage(image, target, Enlarge(bitmap), null);
    }

    /// <summary>A line of text, cut with … where it is too long.</summary>
    public static void Text(SKCanvas canvas, string text, float x, float y, float maxWidth, SKFont font, SKColor color, SKTextAlign align = SKTextAlign.Left)
    {
        using var paint = new SKPaint { Color = color, IsAntialias = true };
        var shown = text;
        while (shown.Length > 1 && font.MeasureText(shown) > maxWidth)
            shown = $"{shown.TrimEnd('…')[..^1]}…";
        canvas.DrawText(shown, x, y, align, font, paint);
    }

    private static SKTypeface Load(string name)
    {
        using var stream = typeof(Drawing).Assembly.GetManifestResourceStream(name)!;
        using var data = SKData.Create(stream);
        return SKTypeface.FromData(data);
    }
}
