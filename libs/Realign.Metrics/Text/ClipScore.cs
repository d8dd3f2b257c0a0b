using Realign.Core.Errors;
using Realign.Metrics.Frechet;

namespace Realign.Metrics.Text;

/// <summary>
/// Agreement of images and captions in a CLIP space. Three scales are in use; always name the backbone with the number.
/// </summary>
public static class ClipScore
{
    /// <summary>Words put before a caption for <see cref="Weighted"/> (Hessel et al. 2021); the plain cosine uses none.</summary>
    public const string Prefix = "A photo depicts ";

    private const double Weight = 2.5;

    /// <summary>Cosine of each image with its caption, in -1..1.</summary>
    /// <param name="images">Image features, one row per pair; normalized here.</param>
    /// <param name="captions">Caption features, one row per pair.</param>
    /// <exception cref="InvalidInputException">The sizes differ or a row is zero.</exception>
    public static double[] Cosines(FeatureMatrix images, FeatureMatrix captions)
    {
        if (images.Rows != captions.Rows || images.Columns != captions.Columns)
        {
            throw new InvalidInputException("features", $"{images.Rows} x {images.Columns} and {captions.Rows} x {captions.Columns}",
                "images and captions come in pairs of one width", "pass one caption per image, from the same model");
        }

        return [.. Enumerable.Range(0, images.Rows).Select(row => Cosine(images.Row(row), captions.Row(row), row))];
    }

    /// <summary>2.5 max(cosine, 0): the score of Hessel et al., 0..2.5; captions must carry the <see cref="Prefix"/>.</summary>
    public static double Weighted(double cosine) => Weight * Math.Max(cosine, 0);

    /// <summary>100 max(cosine, 0): the scale of torchmetrics for one image.</summary>
    public static double Percent(double cosine) => 100 * Math.Max(cosine, 0);

    /// <summary>The scale of torchmetrics for a set: the clamp comes after the mean.</summary>
    public static double PercentOfSet(IReadOnlyCollection<double> cosines) => Math.Max(0, 100 * cosines.Average());

    private static double Cosine(ReadOnlySpan<float> left, ReadOnlySpan<float> right, int row)
    {
        double dot = 0, leftSquared = 0, rightSquared = 0;
        for (var i = 0; i < left.Length; i++)
        {
            dot += (double)left[i] * right[i];
            leftSquared += (double)left[i] * left[i];
            rightSquared += (double)right[i] * right[i];
        }

        return leftSquared > 0 && rightSquared > 0
            ? dot / Math.Sqrt(leftSquared * rightSquared)
            : throw new InvalidInputException($"features[{row}]", "0", "a zero vector has no direction", "leave the pair out");
    }
}
