namespace Realign.Tokenizers;

/// <summary>A text cut or padded to the context length of a model.</summary>
/// <param name="Ids">Exactly the asked length: begin token, text, end token, padding.</param>
/// <param name="Length">Ids before the padding.</param>
/// <param name="TruncatedRest">What of the text did not fit, as text; empty when all of it did.</param>
public sealed record PaddedTokens(int[] Ids, int Length, string TruncatedRest);
