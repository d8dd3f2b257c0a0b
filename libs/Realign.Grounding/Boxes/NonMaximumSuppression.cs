using Realign.Core.Images;

namespace Realign.Grounding.Boxes;

/// <summary>Greedy non-maximum suppression as torchvision.ops.nms.</summary>
public static class NonMaximumSuppression
{
    /// <summary>
    /// Keeps the best box and drops those that overlap it more than the threshold, again and again. An overlap equal to the threshold
    /// survives; of equal scores the lower index counts as better.
    /// </summary>
    /// <param name="boxes">Boxes.</param>
    /// <param name="scores">One a box.</param>
    /// <param name="iouThreshold">0..1.</param>
    /// <param name="groups">One a box: only boxes of one group suppress each other; null = all.</param>
    /// <returns>Indices of the kept boxes, best first.</returns>
    public static IReadOnlyList<int> Keep(
        IReadOnlyList<BoundingBox> boxes, IReadOnlyList<float> scores, double iouThreshold, IReadOnlyList<int>? groups = null)
    {
        ArgumentNullException.ThrowIfNull(boxes);
        ArgumentNullException.ThrowIfNull(scores);
        ArgumentOutOfRangeException.ThrowIfNotEqual(scores.Count, boxes.Count, nameof(scores));
        // OrderBy is stable, which is the tie rule
        var order = Enumerable.Range(0, boxes.Count).OrderByDescending(index => scores[index]).ToArray();
        var suppressed = new bool[boxes.Count];
        var kept = new List<int>();
        for (var i = 0; i < order.Length; i++)
        {
            var best = order[i];
            if (suppressed[best])
                continue;
            kept.Add(best);
            for (var j = i + 1; j < order.Length; j++)
            {
                var other = order[j];
                if ((groups is null || groups[best] == groups[other]) && BoxGeometry.Iou(boxes[best], boxes[other]) > iouThreshold)
                    suppressed[other] = true;
            }
        }

        return kept;
    }
}
