using Realign.Conformance.Runner;
using Realign.Core.Images;
using Realign.Imaging;

namespace Realign.Conformance.Suites.Onnx;

/// <summary>
/// Pillow 13 runs the vertical pass first where the height shrinks more than the width (its pull request 9549), all versions before it the
/// horizontal one; the bytes in between are rounded, so the results differ. A pack may come from either, and so may the product's order.
/// </summary>
internal static class ResizeOrder
{
    /// <summary>Golden values and ours are both exact in one order; on all other images there is only one.</summary>
    public static void Compare(
        CaseContext context, RgbImage image, (int Width, int Height) size, Func<RgbImage, float[]> normalize, ReadOnlySpan<float> expected, float[] actual,
            double tolerance)
    {
        var isNarrow = (double)size.Height / image.Height < (double)size.Width / image.Width;
        if (!isNarrow || expected.Length != actual.Length || CaseContext.Largest(expected, actual) <= tolerance)
        {
            context.Near("pixel_values", expected, actual, tolerance);
            return;
        }

        var horizontal = normalize(Resize(Resize(image, size.Width, image.Height), size.Width, size.Height));
        var vertical = normalize(Resize(Resize(image, image.Width, size.Height), size.Width, size.Height));
        context.Near("pixel_values in one of the two orders", Math.Min(CaseContext.Largest(expected, horizontal), CaseContext.Largest(expected, vertical)),
            tolerance);
        context.Near("our pixel_values in the other", Math.Min(CaseContext.Largest(actual, horizontal), CaseContext.Largest(actual, vertical)), tolerance);
    }

    private static RgbImage Resize(RgbImage image, int width, int height) => PillowResize.Resize(image, width, height, PillowFilter.Bilinear);
}
