using Realign.Core.Images;

namespace Realign.VisionLanguage.Scoring;

/// <summary>A picture and the prompt it is compared with.</summary>
/// <param name="Picture">The picture.</param>
/// <param name="Prompt">The prompt.</param>
public sealed record PicturePrompt(Picture Picture, string Prompt);
