namespace Realign.Grounding.Tagging;

/// <summary>A tag found in an image.</summary>
/// <param name="Index">Position in the tag list.</param>
/// <param name="Name">The word.</param>
/// <param name="Probability">0..1; null when the graph only says yes or no.</param>
/// <param name="IsGroundable">Whether a detector can look for it.</param>
public sealed record TagResult(int Index, string Name, float? Probability, bool IsGroundable);
