using Realign.Core.Images;
using Realign.Grounding.Boxes;

namespace Realign.Grounding.GroundingDino;

/// <summary>
/// From logits to boxes. A box is mapped to a phrase by the phrase's own token span, never by decoding the tokens that fire: that merges
/// neighbors and emits fragments (IDEA-Research/GroundingDINO#63, Grounded-Segment-Anything#240).
/// </summary>
public static class DinoPostProcessing
{
    /// <summary>Sigmoid of one logit.</summary>
    public static float Probability(float logit) => 1 / (1 + MathF.Exp(-logit));

    /// <summary>The published score: the largest probability over all columns, [CLS] and [SEP] included.</summary>
    public static float[] Scores(DinoOutput output)
    {
        ArgumentNullException.ThrowIfNull(output);
        return Reduce(output, [(0, output.Columns)], useMean: false);
    }

    /// <summary>Largest probability of each phrase's own tokens.</summary>
    /// <returns>Queries * spans values.</returns>
    public static float[] SpanMaximum(DinoOutput output, IReadOnlyList<(int Start, int End)> spans) => Reduce(output, spans, useMean: false);

    /// <summary>Mean probability of each phrase's own tokens.</summary>
    /// <returns>Queries * spans values.</returns>
    public static float[] SpanMean(DinoOutput output, IReadOnlyList<(int Start, int End)> spans) => Reduce(output, spans, useMean: true);

    /// <summary>Columns whose probability is above the text threshold, without the first and the last one, as the published label decoding takes
    /// them.</summary>
    public static IReadOnlyList<int> LabelColumns(DinoOutput output, int query, float textThreshold)
    {
        ArgumentNullException.ThrowIfNull(output);
        return [.. Enumerable.Range(1, output.Columns - 2).Where(column => Probability(output.Logits[(query * output.Columns) + column]) > textThreshold)];
    }

    /// <summary>A query's box in pixels of an image; may reach beyond its edges.</summary>
    /// <param name="output">The detector's answer.</param>
    /// <param name="query">Index of the proposal.</param>
    /// <param name="width">Width of the original image: boxes are relative to it, not to the padded or resized one.</param>
    /// <param name="height">Height of the original image.</param>
    public static BoundingBox Box(DinoOutput output, int query, int width, int height)
    {
        ArgumentNullException.ThrowIfNull(output);
        var box = output.Boxes.AsSpan(query * 4, 4);
        return BoxGeometry.Scale(BoxGeometry.FromCenter(box[0], box[1], box[2], box[3]), width, height);
    }

    private static float[] Reduce(DinoOutput output, IReadOnlyList<(int Start, int End)> spans, bool useMean)
    {
        ArgumentNullException.ThrowIfNull(output);
        ArgumentNullException.ThrowIfNull(spans);
        var values = new float[output.Queries * spans.Count];
        for (var query = 0; query < output.Queries; query++)
        {
            var row = output.Logits.AsSpan(query * output.Columns, output.Columns);
            for (var index = 0; index < spans.Count; index++)
            {
                var (sum, maximum) = (0f, 0f);
                foreach (var logit in row[spans[index].Start..spans[index].End])
                {
                    var probability = Probability(logit);
                    sum += probability;
                    maximum = Math.Max(maximum, probability);
                }

                values[(query * spans.Count) + index] = useMean ? sum / (spans[index].End - spans[index].Start) : maximum;
            }
        }

        return values;
    }
}
