using Realign.Tokenizers.Text;

namespace Realign.Tokenizers.Gpt2;

/// <summary>
/// Splits text as GPT-2 does: contractions, an optional blank with a run of letters, of numbers or of symbols, and runs of white space that leave
/// their last blank to the word behind. A scanner over code points.
/// </summary>
internal static class Gpt2Pieces
{
    private static readonly string[] _contractions = ["'s", "'t", "'re", "'ve", "'m", "'ll", "'d"];

    private enum Kind
    {
        Letter,
        Number,
        Space,
        Other,
    }

    /// <summary>End of the piece that starts at an offset.</summary>
    public static int End(ReadOnlySpan<char> text, int start)
    {
        foreach (var contraction in _contractions)
        {
            if (text[start..].StartsWith(contraction, StringComparison.Ordinal))
                return start + contraction.Length;
        }

        var body = start;
        if (text[start] == ' ' && start + 1 < text.Length && KindAt(text, start + 1, out _) != Kind.Space)
            body++;
        var kind = KindAt(text, body, out var length);
        var end = body + length;
        var last = body;
        while (end < text.Length && KindAt(text, end, out length) == kind)
        {
            last = end;
            end += length;
        }

        // white space before a word leaves its last character, unless it is the only one
        return kind == Kind.Space && end < text.Length && last > start ? last : end;
    }

    private static Kind KindAt(ReadOnlySpan<char> text, int offset, out int length)
    {
        var rune = Unicode.At(text, offset, out length);
        return Unicode.IsLetter(rune) ? Kind.Letter : Unicode.IsNumber(rune) ? Kind.Number : Unicode.IsSpace(rune) ? Kind.Space : Kind.Other;
    }
}
