namespace Realign.Grounding.Sam;

/// <summary>The masks of one prompt.</summary>
/// <param name="IouScores">The model's own estimate of each mask's IoU.</param>
/// <param name="LowLogits">A plane of logits a mask, of the decoder's own size.</param>
/// <param name="LowWidth">Width of those planes.</param>
/// <param name="LowHeight">Height of those planes.</param>
/// <param name="FullLogits">Planes of the image's size, when the decoder gives them (official); null otherwise.</param>
/// <param name="FirstChoice">First index among which the best mask is chosen: 1 when index 0 is the single-mask output.</param>
public sealed record SamResult(float[] IouScores, float[] LowLogits, int LowWidth, int LowHeight, float[]? FullLogits, int FirstChoice)
{
    /// <summary>Index of the mask with the largest estimate, the first of equals.</summary>
    public int BestIndex => FirstChoice + SamMasks.Best(IouScores.AsSpan(FirstChoice));

    /// <summary>Logits of one mask at the decoder's size.</summary>
    public ReadOnlySpan<float> Low(int index) => LowLogits.AsSpan(index * LowWidth * LowHeight, LowWidth * LowHeight);
}
