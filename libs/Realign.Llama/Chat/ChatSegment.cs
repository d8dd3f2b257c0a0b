namespace Realign.Llama.Chat;

/// <summary>A piece of a rendered conversation.</summary>
/// <param name="Text">Its text.</param>
/// <param name="IsControl">A control token that the template put there; everything else, whatever it looks like, is plain text.</param>
public sealed record ChatSegment(string Text, bool IsControl);
