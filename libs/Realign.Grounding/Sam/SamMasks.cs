using Realign.Core.Images;
using Realign.Grounding.Masks;

namespace Realign.Grounding.Sam;

/// <summary>From low-resolution logits to masks of the image's size (transformers SamImageProcessor.post_process_masks).</summary>
public static class SamMasks
{
    /// <summary>Logit above which a pixel belongs to the mask.</summary>
    public const float Threshold = 0;

    /// <summary>
    /// Bilinear to the padded square, crop to the part the image fills, bilinear to the image's size. Only then are logits compared with the
    /// threshold: comparing earlier leaves steps along the edges.
    /// </summary>
    /// <param name="logits">lowHeight * lowWidth values.</param>
    /// <param name="lowWidth">Width of the logits.</param>
    /// <param name="lowHeight">Height of the logits.</param>
    /// <param name="square">Edge of the padded input.</param>
    /// <param name="resized">Size of the image inside the padded input.</param>
    /// <param name="original">Size of the image.</param>
    public static float[] ToOriginalSize(
        ReadOnlySpan<float> logits, int lowWidth, int lowHeight, int square, (int Width, int Height) resized, (int Width, int Height) original)
    {
        var padded = BilinearResize.Sampled(logits, lowWidth, lowHeight, square, square);
        return BilinearResize.Sampled(padded, square, resized.Width, resized.Height, original.Width, original.Height);
    }

    /// <summary>The pixels above the threshold.</summary>
    public static BinaryMask Binarize(ReadOnlySpan<float> logits, int width, int height)
    {
        var cells = new byte[logits.Length];
        for (var i = 0; i < cells.Length; i++)
            cells[i] = logits[i] > Threshold ? (byte)1 : (byte)0;
        return new BinaryMask(width, height, cells);
    }

    /// <summary>How little a mask changes with the threshold: pixels above +offset over pixels above -offset; null when there are none.</summary>
    public static double? Stability(ReadOnlySpan<float> logits, float offset)
    {
        var (above, below) = (0L, 0L);
        foreach (var logit in logits)
        {
            above += logit > Threshold + offset ? 1 : 0;
            below += logit > Threshold - offset ? 1 : 0;
        }

        return below == 0 ? null : (double)above / below;
    }

    /// <summary>Index of the largest value, the first of equals.</summary>
    public static int Best(ReadOnlySpan<float> scores)
    {
        var best = 0;
        for (var i = 1; i < scores.Length; i++)
        {
            if (scores[i] > scores[best])
                best = i;
        }

        return best;
    }
}
