namespace Realign.VisionLanguage.Generation;

/// <summary>A prompt whose likelihood is asked for.</summary>
/// <param name="Text">Its ids, and which of them are scored.</param>
/// <param name="Reading">How much of the prompt they are.</param>
internal sealed record PreparedPrompt(TeacherForcedText Text, TextReading Reading);
