using System.Globalization;
using Realign.Core.Errors;

namespace Realign.Rewards;

/// <summary>
/// The caption reward of RealignDiff (Eq. 4): the cosine of the encoded caption of an image and the encoded prompt. It has no gradient
/// with respect to the image, because decoding a caption is piecewise constant.
/// </summary>
public static class CaptionReward
{
    /// <summary>Cosine of two feature rows, -1..1; NaN where one of them has no direction.</summary>
    /// <param name="caption">f_enc of the caption, any length but 0.</param>
    /// <param name="prompt">f_enc of the prompt, as wide.</param>
    public static double Cosine(ReadOnlySpan<double> caption, ReadOnlySpan<double> prompt)
    {
        double product = 0, left = 0, right = 0;
        FeatureDirection.CheckWidth(caption, prompt);
        for (var i = 0; i < caption.Length; i++)
        {
            product += caption[i] * prompt[i];
            left += caption[i] * caption[i];
            right += prompt[i] * prompt[i];
        }

        // rounding may leave the range by a bit
        return Math.Clamp(product / (Math.Sqrt(left) * Math.Sqrt(right)), -1, 1);
    }

    /// <summary>R0: the mean cosine of pairs that have nothing to do with each other. Unrelated captions are far above 0 in every encoder.</summary>
    /// <param name="captions">Feature rows.</param>
    /// <param name="prompts">Feature rows; the captions' own for pairs of prompts.</param>
    /// <param name="pairs">Indices of a caption and a prompt.</param>
    /// <exception cref="InvalidInputException">There are no pairs, one names a row that is not there, or a row is paired with itself.</exception>
    public static double Baseline(IReadOnlyList<double[]> captions, IReadOnlyList<double[]> prompts, IReadOnlyList<(int Caption, int Prompt)> pairs)
    {
        if (pairs.Count == 0 || pairs.Any(pair => pair.Caption < 0 || pair.Caption >= captions.Count || pair.Prompt < 0 || pair.Prompt >= prompts.Count
            || ReferenceEquals(captions[pair.Caption], prompts[pair.Prompt])))
        {
            throw new InvalidInputException("pairs", $"{pairs.Count} of {captions.Count} and {prompts.Count} rows", "pairs of different rows are needed",
                "choose pairs of different indices");
        }

        return pairs.Average(pair => Cosine(captions[pair.Caption], prompts[pair.Prompt]));
    }

    /// <summary>(R - R0) / (1 - R0): 0 for an unrelated caption, 1 for the prompt itself.</summary>
    /// <param name="cosine">R.</param>
    /// <param name="baseline">R0, below 1.</param>
    /// <exception cref="InvalidInputException">R0 is no mean cosine of different texts.</exception>
    public static double Center(double cosine, double baseline) => baseline < 1
        ? (cosine - baseline) / (1 - baseline)
        : throw new InvalidInputException(
            "baseline", baseline.ToString(CultureInfo.InvariantCulture), "is no mean cosine of different texts", "use a value below 1");
}
