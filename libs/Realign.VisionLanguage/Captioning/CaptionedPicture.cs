namespace Realign.VisionLanguage.Captioning;

/// <summary>A caption.</summary>
/// <param name="Caption">The text without special tokens, trimmed.</param>
/// <param name="MeanLogProbability">Mean over its tokens of the model's own log-probability, in nats, at most 0.</param>
/// <param name="NumTokens">Generated tokens, the end token included.</param>
/// <param name="Finished">Whether the end token came; false when the room ran out first.</param>
/// <param name="NumPromptTokens">Tokens of the prompt that were read, special ones included; a prompt is never cut.</param>
public sealed record CaptionedPicture(string Caption, double MeanLogProbability, int NumTokens, bool Finished, int NumPromptTokens);
