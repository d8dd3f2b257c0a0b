namespace Realign.Core.Prompts;

/// <summary>A piece of a prompt with one weight.</summary>
/// <param name="Text">Without syntax.</param>
/// <param name="Weight">1 = as it is.</param>
/// <param name="StartsChunk">Whether the text encoder begins anew before it (<c>BREAK</c>).</param>
public sealed record PromptFragment(string Text, double Weight, bool StartsChunk = false);
