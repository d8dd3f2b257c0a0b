namespace Realign.SceneScoring;

/// <summary>What a model says of one tag, before it is held against the prompt.</summary>
/// <param name="Tag">The tag, or the missing object's name.</param>
/// <param name="Score">2 = certain, 0.5 = possible, 0 = not in the scene.</param>
/// <param name="Phrase">The object as the prompt demands it, at most 12 words.</param>
/// <param name="Source">Tag or missing object.</param>
public sealed record SceneVerdict(string Tag, float Score, string Phrase, EntrySource Source);
