using Realign.VisionLanguage.Generation;

namespace Realign.VisionLanguage.Scoring;

/// <summary>The score of one pair.</summary>
/// <param name="Score">In the unit of the method; may be NaN or infinite where the model computes that.</param>
/// <param name="Gradient">d score / d pixel in [0, 1] of the picture as given, 3 x height x width; null when not asked for.</param>
/// <param name="NumTokens">Tokens that a likelihood is a mean over; 0 for other methods.</param>
/// <param name="Prompt">How much of the prompt was read.</param>
public sealed record ScoredPair(float Score, float[]? Gradient, int NumTokens, TextReading Prompt);
