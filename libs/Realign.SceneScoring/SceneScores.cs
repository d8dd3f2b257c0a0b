namespace Realign.SceneScoring;

/// <summary>The answer to a scene request.</summary>
/// <param name="Entries">Every tag in the order given with an entry for each object that it names, then missing objects.</param>
/// <param name="IsFromModel">False when the word-match rule answered every tag.</param>
/// <param name="Attempts">Attempts the model needed, at most 2; 0 with the rule alone.</param>
public sealed record SceneScores(IReadOnlyList<SceneEntry> Entries, bool IsFromModel, int Attempts);
