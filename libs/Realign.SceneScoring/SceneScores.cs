namespace Realign.SceneScoring;

/// <summary>The answer to a scene request.</summary>
/// <param name="Entries">Every tag once in the order given, then missing objects.</param>
/// <param name="IsFromModel">False when the word-match rule answered every tag.</param>
/// <param name="Attempts">Attempts the model needed, at most 2; 0 with the rule alone.</param>
public sealed record SceneScores(IReadOnlyList<SceneEntry> Entries, bool IsFromModel, int Attempts);
