namespace Realign.Grounding.Masks;

/// <summary>Bilinear resizing of float planes as torch.nn.functional.interpolate (mode bilinear, align_corners=False).</summary>
public static class BilinearResize
{
    /// <summary>Weighs the four nearest samples, also when shrinking.</summary>
    /// <param name="source">width * height values, row-major.</param>
    /// <param name="width">Source width.</param>
    /// <param name="height">Source height.</param>
    /// <param name="targetWidth">Target width, at least 1.</param>
    /// <param name="targetHeight">Target height, at least 1.</param>
    public static float[] Sampled(ReadOnlySpan<float> source, int width, int height, int targetWidth, int targetHeight) =>
        Sampled(source, width, width, height, targetWidth, targetHeight);

    /// <summary>The same on the top left part of a wider plane.</summary>
    /// <param name="source">Rows of <paramref name="stride"/> values.</param>
    /// <param name="stride">Values from one row to the next.</param>
    /// <param name="width">Width of the part.</param>
    /// <param name="height">Height of the part.</param>
    /// <param name="targetWidth">Target width, at least 1.</param>
    /// <param name="targetHeight">Target height, at least 1.</param>
    public static float[] Sampled(ReadOnlySpan<float> source, int stride, int width, int height, int targetWidth, int targetHeight)
    {
        var columns = Positions(width, targetWidth);
        var rows = Positions(height, targetHeight);
        var target = new float[checked(targetWidth * targetHeight)];
        for (var y = 0; y < targetHeight; y++)
        {
            var (y0, y1, fy) = rows[y];
            var upper = source.Slice(y0 * stride, width);
            var lower = source.Slice(y1 * stride, width);
            var output = target.AsSpan(y * targetWidth, targetWidth);
            for (var x = 0; x < targetWidth; x++)
            {
                var (x0, x1, fx) = columns[x];
                var top = ((1 - fx) * upper[x0]) + (fx * upper[x1]);
                var bottom = ((1 - fx) * lower[x0]) + (fx * lower[x1]);
                output[x] = ((1 - fy) * top) + (fy * bottom);
            }
        }

        return target;
    }

    /// <summary>Weighs all samples under a triangle as wide as the target's step, so that shrinking averages.</summary>
    /// <param name="source">width * height values, row-major.</param>
    /// <param name="width">Source width.</param>
    /// <param name="height">Source height.</param>
    /// <param name="targetWidth">Target width, at least 1.</param>
    /// <param name="targetHeight">Target height, at least 1.</param>
    public static float[] Antialiased(ReadOnlySpan<float> source, int width, int height, int targetWidth, int targetHeight)
    {
        var columns = Weights(width, targetWidth);
        var narrow = new float[targetWidth * height];
        for (var y = 0; y < height; y++)
        {
            for (var x = 0; x < targetWidth; x++)
            {
                var (start, weights) = columns[x];
                var sum = 0f;
                for (var i = 0; i < weights.Length; i++)
                    sum += weights[i] * source[(y * width) + start + i];
                narrow[(y * targetWidth) + x] = sum;
            }
        }

        var rows = Weights(height, targetHeight);
        var target = new float[targetWidth * targetHeight];
        for (var y = 0; y < targetHeight; y++)
        {
            var (start, weights) = rows[y];
            for (var x = 0; x < targetWidth; x++)
            {
                var sum = 0f;
                for (var i = 0; i < weights.Length; i++)
                    sum += weights[i] * narrow[((start + i) * targetWidth) + x];
                target[(y * targetWidth) + x] = sum;
            }
        }

        return target;
    }

    private static (int First, int Second, float Fraction)[] Positions(int size, int target)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(size, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(target, 1);
        var scale = (float)size / target;
        var positions = new (int, int, float)[target];
        for (var i = 0; i < target; i++)
        {
            var at = Math.Max(0, (scale * (i + 0.5f)) - 0.5f);
            var first = Math.Min((int)at, size - 1);
            positions[i] = (first, Math.Min(first + 1, size - 1), Math.Min(at - first, 1));
        }

        return positions;
    }

    private static (int Start, float[] Weights)[] Weights(int size, int target)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(size, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(target, 1);
        var scale = (float)size / target;
        var support = Math.Max(scale, 1);
        var result = new (int, float[])[target];
        for (var i = 0; i < target; i++)
        {
            var center = scale * (i + 0.5f);
            var start = Math.Max(0, (int)(center - support + 0.5f));
            var end = Math.Min(size, (int)(center + support + 0.5f));
            var weights = new float[end - start];
            var total = 0f;
            for (var j = 0; j < weights.Length; j++)
            {
                weights[j] = Math.Max(0, 1 - Math.Abs((start + j - center + 0.5f) / support));
                total += weights[j];
            }

            for (var j = 0; j < weights.Length; j++)
                weights[j] /= total;
            result[i] = (start, weights);
        }

        return result;
    }
}
