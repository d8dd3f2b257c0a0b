namespace Realign.SceneScoring;

/// <summary>How likely an image of the prompt shows one object (RealignDiff Eq. 6), and how it should look.</summary>
/// <param name="Tag">The tag, or the missing object's noun.</param>
/// <param name="Score">2 = certain, 0.5 = possible, 0 = not in the scene.</param>
/// <param name="Phrase">The object as the prompt demands it, at most 12 words; empty at 0.</param>
/// <param name="Source">Tag or missing object.</param>
/// <param name="Object">The object of the prompt; for a tag that the prompt does not name, the tag alone.</param>
/// <param name="Origin">Who found it.</param>
/// <param name="Repair">How the model's answer was corrected; empty when it was used as given.</param>
public sealed record SceneEntry(string Tag, float Score, string Phrase, EntrySource Source, Entity Object, Origin Origin, string Repair = "");
