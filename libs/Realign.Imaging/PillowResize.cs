using Realign.Core.Images;
using Realign.Imaging.Resizing;

namespace Realign.Imaging;

/// <summary>
/// Resizes exactly as Pillow does (<c>Image.resize</c>; Resample.c): antialiased, two passes with fixed-point weights, rounded to bytes in between;
/// an axis whose size stays is skipped. The order of the passes is that of <see cref="ResizeOrder"/>.
/// </summary>
public static class PillowResize
{
    private const int HalfUnit = 1 << 21;
    private const int FractionBits = 22;

    // Pillow 13 takes the vertical pass first when the height shrinks much more than the width (its pull request 9549). Where exactly its limit lies
    // the golden data does not say: 0.77 of the width's ratio is beyond it, 0.97 is not.
    private const double VerticalFirstRatio = 0.875;

    /// <summary>Resizes an RGB picture.</summary>
    /// <param name="image">The picture.</param>
    /// <param name="width">Pixels, at least 1.</param>
    /// <param name="height">Pixels, at least 1.</param>
    /// <param name="filter">The filter.</param>
    /// <param name="order">Which pass comes first.</param>
    public static RgbImage Resize(RgbImage image, int width, int height, PillowFilter filter, ResizeOrder order = ResizeOrder.Pillow13)
    {
        ArgumentNullException.ThrowIfNull(image);
        return new RgbImage(width, height, Resize(image.Pixels, image.Width, image.Height, 3, width, height, filter, order));
    }

    /// <summary>Resizes interleaved bytes.</summary>
    /// <param name="pixels">height x width x channels.</param>
    /// <param name="sourceWidth">Pixels, at least 1.</param>
    /// <param name="sourceHeight">Pixels, at least 1.</param>
    /// <param name="channels">Bytes a pixel, at least 1.</param>
    /// <param name="width">Pixels, at least 1.</param>
    /// <param name="height">Pixels, at least 1.</param>
    /// <param name="filter">The filter.</param>
    /// <param name="order">Which pass comes first.</param>
    /// <returns>A new array of height x width x channels.</returns>
    public static byte[] Resize(
        byte[] pixels, int sourceWidth, int sourceHeight, int channels, int width, int height, PillowFilter filter, ResizeOrder order = ResizeOrder.Pillow13)
    {
        ArgumentNullException.ThrowIfNull(pixels);
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        if (filter == PillowFilter.Nearest)
            return Nearest(pixels, sourceWidth, sourceHeight, channels, width, height);
        if (IsVerticalFirst(order, sourceWidth, sourceHeight, width, height))
        {
            var rows = Vertical(pixels, sourceWidth, channels, ResampleWeights.Create(sourceHeight, 0, sourceHeight, height, filter));
            return width == sourceWidth ? rows : Horizontal(rows, sourceWidth, height, channels, ResampleWeights.Create(sourceWidth, 0, sourceWidth, width,
                filter));
        }

        var current = pixels;
        if (width != sourceWidth)
            current = Horizontal(current, sourceWidth, sourceHeight, channels, ResampleWeights.Create(sourceWidth, 0, sourceWidth, width, filter));
        if (height != sourceHeight)
            current = Vertical(current, width, channels, ResampleWeights.Create(sourceHeight, 0, sourceHeight, height, filter));
        return ReferenceEquals(current, pixels) ? (byte[])pixels.Clone() : current;
    }

    /// <summary>Resizes one channel of floats (mode F): double sums, the horizontal pass stored as float.</summary>
    /// <param name="values">sourceHeight x sourceWidth.</param>
    /// <param name="sourceWidth">At least 1.</param>
    /// <param name="sourceHeight">At least 1.</param>
    /// <param name="width">At least 1.</param>
    /// <param name="height">At least 1.</param>
    /// <param name="filter">The filter.</param>
    /// <param name="order">Which pass comes first.</param>
    /// <returns>A new array of height x width.</returns>
    public static float[] ResizeFloat(
        float[] values, int sourceWidth, int sourceHeight, int width, int height, PillowFilter filter, ResizeOrder order = ResizeOrder.Pillow13)
    {
        ArgumentNullException.ThrowIfNull(values);
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        if (filter == PillowFilter.Nearest)
            return Nearest(values, sourceWidth, sourceHeight, 1, width, height);
        if (IsVerticalFirst(order, sourceWidth, sourceHeight, width, height))
        {
            var rows = FloatVertical(values, sourceWidth, sourceHeight, height, filter);
            return width == sourceWidth ? rows : FloatHorizontal(rows, height, sourceWidth, width, filter);
        }

        var current = values;
        if (width != sourceWidth)
            current = FloatHorizontal(current, sourceHeight, sourceWidth, width, filter);
        if (height != sourceHeight)
            current = FloatVertical(current, width, sourceHeight, height, filter);
        return ReferenceEquals(current, values) ? (float[])values.Clone() : current;
    }

    /// <summary>One edge row, repeated: what Pillow gives for a box without height at the top or bottom edge.</summary>
    internal static byte[] EdgeRow(byte[] pixels, int width, int height, int channels, bool bottom)
    {
        var edge = bottom ? height : 0;
        return Vertical(pixels, width, channels, ResampleWeights.Create(height, edge, edge, 1, PillowFilter.Bicubic));
    }

    /// <summary>One edge column, likewise.</summary>
    internal static byte[] EdgeColumn(byte[] pixels, int width, int height, int channels, bool right)
    {
        var edge = right ? width : 0;
        return Horizontal(pixels, width, height, channels, ResampleWeights.Create(width, edge, edge, 1, PillowFilter.Bicubic));
    }

    private static byte[] Horizontal(byte[] source, int sourceWidth, int rows, int channels, ResampleWeights weights)
    {
        var width = weights.First.Length;
        var target = new byte[(long)rows * width * channels];
        var factors = weights.FixedPoint();
        Parallel.For(0, rows, y =>
        {
            var input = source.AsSpan(y * sourceWidth * channels, sourceWidth * channels);
            var output = target.AsSpan(y * width * channels, width * channels);
            for (var x = 0; x < width; x++)
            {
                var row = factors.AsSpan(x * weights.Stride, weights.Count[x]);
                for (var c = 0; c < channels; c++)
                {
                    var sum = HalfUnit;
                    var at = weights.First[x] * channels + c;
                    foreach (var factor in row)
                    {
                        sum += input[at] * factor;
                        at += channels;
                    }

                    output[x * channels + c] = Clip(sum);
                }
            }
        });
        return target;
    }

    private static byte[] Vertical(byte[] source, int width, int channels, ResampleWeights weights)
    {
        var height = weights.First.Length;
        var stride = width * channels;
        var target = new byte[(long)height * stride];
        var factors = weights.FixedPoint();
        Parallel.For(0, height, () => new int[stride], (y, _, sums) =>
        {
            Array.Fill(sums, HalfUnit);
            for (var k = 0; k < weights.Count[y]; k++)
            {
                var factor = factors[y * weights.Stride + k];
                var input = source.AsSpan((weights.First[y] + k) * stride, stride);
                for (var i = 0; i < input.Length; i++)
                    sums[i] += input[i] * factor;
            }

            var output = target.AsSpan(y * stride, stride);
            for (var i = 0; i < output.Length; i++)
                output[i] = Clip(sums[i]);
            return sums;
        }, _ => { });
        return target;
    }

    private static bool IsVerticalFirst(ResizeOrder order, int sourceWidth, int sourceHeight, int width, int height) =>
        order == ResizeOrder.Pillow13 && height < sourceHeight && (double)height / sourceHeight < VerticalFirstRatio * width / sourceWidth;

    private static float[] FloatHorizontal(float[] source, int lines, int from, int to, PillowFilter filter) =>
        FloatPass(source, lines, (1, from), (1, to), ResampleWeights.Create(from, 0, from, to, filter));

    private static float[] FloatVertical(float[] source, int lines, int from, int to, PillowFilter filter) =>
        FloatPass(source, lines, (lines, 1), (lines, 1), ResampleWeights.Create(from, 0, from, to, filter));

    // "step" lies between two positions on the sampled axis, "stride" between two lines of the other axis
    private static float[] FloatPass(float[] source, int lines, (int Step, int Stride) from, (int Step, int Stride) to, ResampleWeights weights)
    {
        var size = weights.First.Length;
        var target = new float[(long)lines * size];
        for (var line = 0; line < lines; line++)
        {
            for (var i = 0; i < size; i++)
            {
                double sum = 0;
                for (var k = 0; k < weights.Count[i]; k++)
                    sum += source[line * from.Stride + (weights.First[i] + k) * from.Step] * weights.Values[i * weights.Stride + k];
                target[line * to.Stride + i * to.Step] = (float)sum;
            }
        }

        return target;
    }

    // positions are added up, as the reference does: multiplying would round differently
    private static T[] Nearest<T>(T[] source, int sourceWidth, int sourceHeight, int channels, int width, int height)
    {
        var columns = Positions(sourceWidth, width);
        var rows = Positions(sourceHeight, height);
        var target = new T[(long)height * width * channels];
        for (var y = 0; y < height; y++)
        {
            for (var x = 0; x < width; x++)
                Array.Copy(source, (rows[y] * sourceWidth + columns[x]) * channels, target, (y * width + x) * channels, channels);
        }

        return target;
    }

    private static int[] Positions(int source, int target)
    {
        var scale = (double)source / target;
        var position = scale * 0.5;
        var positions = new int[target];
        for (var i = 0; i < target; i++)
        {
            positions[i] = Math.Min((int)position, source - 1);
            position += scale;
        }

        return positions;
    }

    private static byte Clip(int sum) => (byte)Math.Clamp(sum >> FractionBits, 0, 255);
}
