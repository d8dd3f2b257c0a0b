namespace Realign.Grounding.Tagging;

/// <summary>From logits to tags (recognize-anything, generate_tag).</summary>
public static class TagScores
{
    /// <summary>Probability of a logit, in 32 bits as the reference.</summary>
    public static float Probability(float logit) => 1 / (1 + MathF.Exp(-logit));

    /// <summary>Indices, in class order, whose probability is strictly above their threshold and that are not deleted.</summary>
    /// <param name="logits">One a tag.</param>
    /// <param name="thresholds">One a tag; 1 = never.</param>
    /// <param name="deleted">Indices never to give.</param>
    public static IReadOnlyList<int> Select(ReadOnlySpan<float> logits, ReadOnlySpan<float> thresholds, IReadOnlySet<int> deleted)
    {
        ArgumentNullException.ThrowIfNull(deleted);
        ArgumentOutOfRangeException.ThrowIfNotEqual(thresholds.Length, logits.Length, nameof(thresholds));
        var indices = new List<int>();
        for (var i = 0; i < logits.Length; i++)
        {
            if (Probability(logits[i]) > thresholds[i] && !deleted.Contains(i))
                indices.Add(i);
        }

        return indices;
    }
}
