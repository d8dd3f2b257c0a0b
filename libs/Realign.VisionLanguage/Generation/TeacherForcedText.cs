namespace Realign.VisionLanguage.Generation;

/// <summary>A text whose likelihood is asked for.</summary>
/// <param name="PromptIds">Ids the encoder reads after the image (T5); empty for a decoder-only model.</param>
/// <param name="Ids">Ids to predict one after the other, special tokens included; at least one.</param>
/// <param name="FirstScored">Index of the first id that counts in a mean; the ones before it are context.</param>
internal sealed record TeacherForcedText(IReadOnlyList<int> PromptIds, IReadOnlyList<int> Ids, int FirstScored)
{
    /// <summary>Ids that count.</summary>
    public int ScoredCount => Ids.Count - FirstScored;
}
