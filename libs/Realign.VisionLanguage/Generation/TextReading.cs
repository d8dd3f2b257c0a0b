using Realign.Tokenizers;

namespace Realign.VisionLanguage.Generation;

/// <summary>How much of a text a model read.</summary>
/// <param name="NumTokens">Tokens it read, special ones included.</param>
/// <param name="Truncated">The end of the text that did not fit, as its tokens spell it; empty when all of it did.</param>
public sealed record TextReading(int NumTokens, string Truncated)
{
    /// <summary>Cuts the ids of a text to a length; the last one stays the end token.</summary>
    /// <param name="tokenizer">Of the ids.</param>
    /// <param name="ids">A whole text, its end token included.</param>
    /// <param name="maxTokens">Longest text, at least 1.</param>
    internal static (int[] Ids, TextReading Reading) CutBeforeEnd(ITextTokenizer tokenizer, int[] ids, int maxTokens) => ids.Length <= maxTokens
        ? (ids, new TextReading(ids.Length, ""))
        : ([.. ids.AsSpan(0, maxTokens - 1), ids[^1]], new TextReading(maxTokens, Spell(tokenizer, ids.AsSpan()[(maxTokens - 1)..^1])));

    /// <summary>Cuts the ids of a text to a length, end token or not.</summary>
    /// <param name="tokenizer">Of the ids.</param>
    /// <param name="ids">A whole text.</param>
    /// <param name="maxTokens">Longest text, at least 1.</param>
    internal static (int[] Ids, TextReading Reading) Cut(ITextTokenizer tokenizer, int[] ids, int maxTokens) => ids.Length <= maxTokens
        ? (ids, new TextReading(ids.Length, ""))
        : (ids[..maxTokens], new TextReading(maxTokens, Spell(tokenizer, ids.AsSpan(maxTokens))));

    // a cut inside a word leaves WordPiece's mark of a continuation in front
    private static string Spell(ITextTokenizer tokenizer, ReadOnlySpan<int> ids)
    {
        var text = tokenizer.Decode(ids, skipSpecialTokens: true).Trim();
        return text.StartsWith("##", StringComparison.Ordinal) ? text[2..] : text;
    }
}
