using Realign.Core.Images;

namespace Realign.Imaging;

/// <summary>The fill and crop modes: keep the aspect ratio, then continue the edges or cut them off.</summary>
internal static class VaePlacement
{
    public static RgbImage Stretch(RgbImage image, int height, int width) => PillowResize.Resize(image, width, height, PillowFilter.Lanczos);

    public static RgbImage Crop(RgbImage image, int height, int width)
    {
        var wider = (double)width / height > (double)image.Width / image.Height;
        var resized = Scaled(image, height, width, byWidth: wider);
        var canvas = new byte[height * width * 3];
        Paste(resized, canvas, height, width);
        return new RgbImage(width, height, canvas);
    }

    public static RgbImage Fill(RgbImage image, int height, int width)
    {
        var ratio = (double)width / height;
        var sourceRatio = (double)image.Width / image.Height;
        var resized = Scaled(image, height, width, byWidth: ratio < sourceRatio);
        var canvas = new byte[height * width * 3];
        Paste(resized, canvas, height, width);
        if (ratio < sourceRatio)
            FillRows(resized, canvas, height, width);
        else if (ratio > sourceRatio)
            FillColumns(resized, canvas, height, width);
        return new RgbImage(width, height, canvas);
    }

    private static RgbImage Scaled(RgbImage image, int height, int width, bool byWidth)
    {
        var scaledWidth = byWidth ? width : (int)((long)image.Width * height / image.Height);
        var scaledHeight = byWidth ? (int)((long)image.Height * width / image.Width) : height;
        return Stretch(image, Math.Max(1, scaledHeight), Math.Max(1, scaledWidth));
    }

    private static void Paste(RgbImage image, byte[] canvas, int height, int width)
    {
        var top = height / 2 - image.Height / 2;
        var left = width / 2 - image.Width / 2;
        for (var y = Math.Max(0, top); y < Math.Min(height, top + image.Height); y++)
        {
            var from = Math.Max(0, left);
            var count = Math.Min(width, left + image.Width) - from;
            image.Pixels.AsSpan(((y - top) * image.Width + from - left) * 3, count * 3).CopyTo(canvas.AsSpan((y * width + from) * 3));
        }
    }

    private static void FillRows(RgbImage image, byte[] canvas, int height, int width)
    {
        var margin = height / 2 - image.Height / 2;
        var first = PillowResize.EdgeRow(image.Pixels, image.Width, image.Height, 3, bottom: false);
        var last = PillowResize.EdgeRow(image.Pixels, image.Width, image.Height, 3, bottom: true);
        for (var y = 0; y < margin; y++)
        {
            first.CopyTo(canvas.AsSpan(y * width * 3));
            if (margin + image.Height + y < height)
                last.CopyTo(canvas.AsSpan((margin + image.Height + y) * width * 3));
        }
    }

    private static void FillColumns(RgbImage image, byte[] canvas, int height, int width)
    {
        var margin = width / 2 - image.Width / 2;
        var first = PillowResize.EdgeColumn(image.Pixels, image.Width, image.Height, 3, right: false);
        var last = PillowResize.EdgeColumn(image.Pixels, image.Width, image.Height, 3, right: true);
        for (var y = 0; y < height; y++)
        {
            for (var x = 0; x < margin; x++)
            {
                first.AsSpan(y * 3, 3).CopyTo(canvas.AsSpan((y * width + x) * 3));
                if (margin + image.Width + x < width)
                    last.AsSpan(y * 3, 3).CopyTo(canvas.AsSpan((y * width + margin + image.Width + x) * 3));
            }
        }
    }
}
