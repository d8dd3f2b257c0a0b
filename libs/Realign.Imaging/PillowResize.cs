using Realign.Core.Images;

namespace Realign.Imaging;

/// <summary>
/// Resizing of 8-bit pictures as Pillow does it (libImaging/Resample.c), to the last bit: antialiased kernels with weights in
/// fixed point of 22 bits, first along the rows, then along the columns, rounded to bytes after each.
/// </summary>
public static class PillowResize
{
    private const int PrecisionBits = 32 - 8 - 2;

    /// <summary>Resizes a picture; an unchanged size gives the same object.</summary>
    /// <param name="image">The source.</param>
    /// <param name="width">Target width in pixels, at least 1.</param>
    /// <param name="height">Target height in pixels, at least 1.</param>
    /// <param name="filter">The kernel.</param>
    public static RgbImage Resize(RgbImage image, int width, int height, PillowFilter filter)
    {
        ArgumentNullException.ThrowIfNull(image);
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        if (width == image.Width && height == image.Height)
            return image;
        var pixels = image.Pixels;
        if (width != image.Width)
            pixels = Rows(pixels, image.Width, image.Height, width, filter);
        if (height != image.Height)
            pixels = Columns(pixels, width, image.Height, height, filter);
        return new RgbImage(width, height, pixels);
    }

    private static byte[] Rows(byte[] source, int width, int height, int targetWidth, PillowFilter filter)
    {
        var kernels = Kernels(width, targetWidth, filter);
        var target = new byte[checked(targetWidth * height * 3)];
        for (var y = 0; y < height; y++)
        {
            var row = source.AsSpan(y * width * 3, width * 3);
            for (var x = 0; x < targetWidth; x++)
            {
                var (start, weights) = kernels[x];
                int red = Half, green = Half, blue = Half;
                for (int i = 0, at = start * 3; i < weights.Length; i++, at += 3)
                {
                    red += row[at] * weights[i];
                    green += row[at + 1] * weights[i];
                    blue += row[at + 2] * weights[i];
                }

                var to = ((y * targetWidth) + x) * 3;
                target[to] = ToByte(red);
                target[to + 1] = ToByte(green);
                target[to + 2] = ToByte(blue);
            }
        }

        return target;
    }

    private static byte[] Columns(byte[] source, int width, int height, int targetHeight, PillowFilter filter)
    {
        var kernels = Kernels(height, targetHeight, filter);
        var stride = width * 3;
        var target = new byte[checked(stride * targetHeight)];
        var sums = new int[stride];
        for (var y = 0; y < targetHeight; y++)
        {
            var (start, weights) = kernels[y];
            Array.Fill(sums, Half);
            for (var i = 0; i < weights.Length; i++)
            {
                var row = source.AsSpan((start + i) * stride, stride);
                for (var x = 0; x < stride; x++)
                    sums[x] += row[x] * weights[i];
            }

            for (var x = 0; x < stride; x++)
                target[(y * stride) + x] = ToByte(sums[x]);
        }

        return target;
    }

    private const int Half = 1 << (PrecisionBits - 1);

    private static byte ToByte(int sum) => (byte)Math.Clamp(sum >> PrecisionBits, 0, 255);

    private static (int Start, int[] Weights)[] Kernels(int size, int target, PillowFilter filter)
    {
        var (support, kernel) = filter switch
        {
            PillowFilter.Bilinear => (1.0, (Func<double, double>)Triangle),
            PillowFilter.Bicubic => (2.0, Cubic),
            PillowFilter.Lanczos => (3.0, Lanczos),
            _ => throw new ArgumentOutOfRangeException(nameof(filter)),
        };
        var scale = (double)size / target;
        var filterScale = Math.Max(scale, 1.0);
        support *= filterScale;
        var inverse = 1.0 / filterScale;
        var kernels = new (int, int[])[target];
        for (var i = 0; i < target; i++)
        {
            var centre = (i + 0.5) * scale;
            var start = Math.Max(0, (int)(centre - support + 0.5));
            var end = Math.Min(size, (int)(centre + support + 0.5));
            var exact = new double[end - start];
            var total = 0.0;
            for (var j = 0; j < exact.Length; j++)
            {
                exact[j] = kernel((j + start - centre + 0.5) * inverse);
                total += exact[j];
            }

            var weights = new int[exact.Length];
            for (var j = 0; j < exact.Length; j++)
            {
                var weight = total == 0 ? exact[j] : exact[j] / total;
                weights[j] = (int)((weight * (1 << PrecisionBits)) + (weight < 0 ? -0.5 : 0.5));
            }

            kernels[i] = (start, weights);
        }

        return kernels;
    }

    private static double Triangle(double x) => Math.Max(0, 1 - Math.Abs(x));

    private static double Cubic(double x)
    {
        const double A = -0.5;
        x = Math.Abs(x);
        return x < 1 ? ((((A + 2) * x) - (A + 3)) * x * x) + 1
            : x < 2 ? ((((x - 5) * x) + 8) * x - 4) * A
            : 0;
    }

    private static double Lanczos(double x) => x is >= -3 and < 3 ? Sinc(x) * Sinc(x / 3) : 0;

    private static double Sinc(double x)
    {
        if (x == 0)
            return 1;
        x *= Math.PI;
        return Math.Sin(x) / x;
    }
}
